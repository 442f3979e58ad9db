using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Components;

/// <summary>Which part of a list a page shows, as its address has it.</summary>
/// <param name="Path">The page.</param>
/// <param name="Vhost">One virtual host; null for all.</param>
/// <param name="Filter">Part of the name.</param>
/// <param name="Sort">Member of the rows that they are sorted by; null for the name.</param>
/// <param name="IsReverse">Largest first.</param>
/// <param name="Page">From 1.</param>
/// <param name="Protocol">One protocol; null for all.</param>
public sealed record ListQuery(
    string Path, string? Vhost, string? Filter, string? Sort, bool IsReverse, int Page, string? Protocol = null)
{
    private const string True = "true";

    /// <summary>Rows of a page: what fits on a few screens, and what a refresh each second may cost.</summary>
    private const int PageSize = 50;

    /// <summary>Not all there is was asked for.</summary>
    public bool IsFiltered =>
        !string.IsNullOrEmpty(Vhost) || !string.IsNullOrEmpty(Filter) || !string.IsNullOrEmpty(Protocol);

    /// <summary>Path and query of the API for this part of the list `kind`.</summary>
    public string ApiTarget(string kind) => ApiTarget(kind, vhost => Target.Path(kind, vhost));

    /// <summary>The same for lists of a virtual host's clients, which are below its own path.</summary>
    public string ApiTargetOfClients(string kind) => ApiTarget(kind, vhost => Target.Path("vhosts", vhost, kind));

    private string ApiTarget(string all, Func<string, string> ofHost) => Target.Query(
        string.IsNullOrEmpty(Vhost) ? all : ofHost(Vhost),
        ("page", $"{Page}"), ("page_size", $"{PageSize}"), ("name", Filter), ("protocol", Protocol), ("sort", Sort),
        ("sort_reverse", IsReverse ? True : null));

    public string PageUrl(int page) => Url(this with { Page = page });

    /// <summary>Sorted by a column; the other way round when it is already.</summary>
    public string SortUrl(string? column, bool largestFirst) => Url(this with
    {
        Sort = column,
        IsReverse = column == Sort ? !IsReverse : largestFirst,
        Page = 1,
    });

    /// <summary>For `aria-sort`.</summary>
    public string? SortOf(string? column) =>
        column != Sort ? null : IsReverse ? "descending" : "ascending";

    private static string Url(ListQuery query) => Target.Query(
        query.Path, ("vhost", query.Vhost), ("filter", query.Filter), ("protocol", query.Protocol),
        ("sort", query.Sort),
        ("reverse", query.IsReverse ? True : null), ("page", query.Page > 1 ? $"{query.Page}" : null));
}
