using Microsoft.AspNetCore.Components;
using Posthaste.WebConsole.Actions;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Components;

/// <summary>
/// A page that moves messages of a queue: its address says which, and it shows what that would come to.
/// </summary>
public abstract class MovePage : ConsolePage
{
    /// <summary>In the address: say what would move.</summary>
    protected const string DryRun = "dry";

    [SupplyParameterFromQuery]
    private protected string Vhost { get; set; } = "/";

    [SupplyParameterFromQuery]
    private protected string Name { get; set; } = "";

    /// <summary>What would move; null when that was not asked for, or was refused.</summary>
    private protected MoveResultView? Preview { get; private set; }

    /// <summary>Why it would not.</summary>
    private protected string? Refused { get; private set; }

    /// <summary>A field of <see cref="MoveChoice"/>; empty when it is missing.</summary>
    private protected string Choice(string field) => Context.Request.Query[field].ToString();

    /// <summary>Asks what would move, if the address says so.</summary>
    private protected async Task LoadPreviewAsync()
    {
        if (IsRefresh || Choice(DryRun).Length == 0) return;
        try
        {
            var body = MoveChoice.Body(Choice);
            body["dry_run"] = true;
            Preview = await Api.PostAsync<MoveResultView>(MoveChoice.Path(Vhost, Name, Choice), body);
        }
        catch (Exception refused) when (refused is ApiException or FormException)
        {
            Refused = refused.Message;
        }
    }
}
