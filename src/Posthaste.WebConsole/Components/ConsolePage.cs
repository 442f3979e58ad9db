using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Posthaste.WebConsole.Actions;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Components;

/// <summary>A page that shows what the API answers. What the API refuses is said on the page in its words.</summary>
public abstract class ConsolePage : ComponentBase
{
    [Inject]
    private protected ConsoleApi Api { get; set; } = null!;

    [CascadingParameter]
    private protected HttpContext Context { get; set; } = null!;

    /// <summary>Why the page can't be shown; null when it can.</summary>
    protected string? Problem { get; private set; }

    /// <summary>
    /// The script asks for the parts of an open page that change: what is not among them need not be found out again.
    /// </summary>
    private protected bool IsRefresh => Context.Request.Headers.ContainsKey("X-Refresh");

    protected override async Task OnInitializedAsync()
    {
        try
        {
            await LoadAsync();
        }
        catch (FormException refused)
        {
            Problem = refused.Message;
        }
        catch (ApiException refused)
        {
            Problem = refused.Status == StatusCodes.Status404NotFound ? "It is not there (any more)." : refused.Message;
        }
    }

    /// <summary>Asks the API for all that the page shows.</summary>
    protected abstract Task LoadAsync();
}
