using Microsoft.AspNetCore.Components;

namespace Posthaste.WebConsole.Components;

/// <summary>A page with a list that can be filtered, sorted and paged by its address.</summary>
public abstract class ListPage : ConsolePage
{
    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [SupplyParameterFromQuery]
    private protected string? Vhost { get; set; }

    [SupplyParameterFromQuery]
    private string? Filter { get; set; }

    [SupplyParameterFromQuery]
    private string? Protocol { get; set; }

    [SupplyParameterFromQuery]
    private string? Sort { get; set; }

    [SupplyParameterFromQuery]
    private bool Reverse { get; set; }

    [SupplyParameterFromQuery]
    private int? Page { get; set; }

    /// <summary>What the page shows.</summary>
    protected ListQuery Query { get; private set; } = null!;

    /// <summary>Names of the virtual hosts that the user may see.</summary>
    protected IReadOnlyList<string> Vhosts { get; private set; } = [];

    protected override async Task LoadAsync()
    {
        Query = new ListQuery(
            new Uri(Navigation.Uri).AbsolutePath, Vhost, Filter, Sort, Reverse, Math.Max(1, Page ?? 1),
            Protocol);
        Vhosts = [.. (await Api.GetAsync<VirtualHostName[]>("vhosts?columns=name")).Select(static host => host.Name)];
        await LoadListAsync();
    }

    /// <summary>Asks the API for the part of the list.</summary>
    protected abstract Task LoadListAsync();

    private sealed record VirtualHostName(string Name);
}
