using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Posthaste.Management.Http;

/// <summary>
/// What every list of the API can do: pages, filter by name, sort, columns. Rows are made of things only when they are
/// shown, so a page of a list of ten thousand costs a page, unless it is sorted by something else than the name.
/// </summary>
internal static class Listing
{
    private const int PageSizeDefault = 100;
    private const int PageSizeMax = 500;
    private const string Name = "name";
    private static readonly TimeSpan FilterTimeMax = TimeSpan.FromMilliseconds(50);

    /// <param name="context">With the query parameters `page`, `page_size`, `name`, `use_regex`, `sort`,
    /// `sort_reverse` and `columns`.</param>
    /// <param name="items">All that the user may see, in any order.</param>
    /// <param name="nameOf">What `name` filters and the default order is by.</param>
    /// <param name="row">The object to show.</param>
    /// <param name="sortKey">
    /// What to sort by that needs no row: null for a column that does. A page then costs a page, sorted or not.
    /// </param>
    public static JsonNode Show<T>(
        HttpContext context, IEnumerable<T> items, Func<T, string> nameOf, Func<T, JsonObject> row,
        Func<string, Func<T, SortValue>?>? sortKey = null)
    {
        var query = context.Request.Query;
        var all = items.OrderBy(nameOf, StringComparer.Ordinal).ToList();
        var total = all.Count;
        if (query[Name].ToString() is { Length: > 0 } filter)
            all = Filter(all, nameOf, filter, query["use_regex"] == "true");

        var sort = query["sort"].ToString();
        var isReverse = query["sort_reverse"] == "true";
        var columns = query["columns"].ToString();
        if (sort.Length > 0 && sortKey?.Invoke(sort) is { } key)
        {
            all = [.. isReverse ? all.OrderByDescending(key) : all.OrderBy(key)];
            (sort, isReverse) = ("", false);
        }

        if (query["page"].ToString() is not { Length: > 0 } pageText)
            return Rows(Sort(all, row, sort, isReverse), columns);

        var page = Number(pageText, "page", 1, int.MaxValue);
        var size = query["page_size"].ToString() is { Length: > 0 } sizeText
            ? Number(sizeText, "page_size", 1, PageSizeMax)
            : PageSizeDefault;
        var pageCount = Math.Max(1, (all.Count + size - 1) / size);
        if (page > pageCount)
        {
            throw ApiError.BadPage(
                "page_out_of_range", $"Page out of range, page: {page} page size: {size}, len: {all.Count}");
        }

        var start = (page - 1) * size;
        var rows = sort.Length == 0 || sort == Name
            ? (isReverse ? all.AsEnumerable().Reverse() : all).Skip(start).Take(size).Select(row)
            : Sort(all, row, sort, isReverse).Skip(start).Take(size);
        var shown = Rows(rows, columns);
        return new JsonObject
        {
            ["filtered_count"] = all.Count,
            ["item_count"] = shown.Count,
            ["items"] = shown,
            ["page"] = page,
            ["page_count"] = pageCount,
            ["page_size"] = size,
            ["total_count"] = total,
        };
    }

    /// <summary>The `columns` of one object that is no list.</summary>
    public static JsonObject Select(JsonObject row, HttpContext context) =>
        context.Request.Query["columns"].ToString() is { Length: > 0 } columns
            ? Columns(row, Paths(columns))
            : row;

    private static string[][] Paths(string columns) =>
        [.. columns.Split(',').Select(static column => column.Split('.'))];

    private static List<T> Filter<T>(List<T> items, Func<T, string> nameOf, string filter, bool isRegex)
    {
        if (!isRegex)
            return items.FindAll(item => nameOf(item).Contains(filter, StringComparison.OrdinalIgnoreCase));
        try
        {
            var regex = new Regex(filter, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, FilterTimeMax);
            return items.FindAll(item => regex.IsMatch(nameOf(item)));
        }
        catch (ArgumentException e)
        {
            throw ApiError.BadRequest($"name is no regular expression: {e.Message}");
        }
        catch (RegexMatchTimeoutException)
        {
            throw ApiError.BadRequest("the regular expression takes too long");
        }
    }

    private static IEnumerable<JsonObject> Sort<T>(
        IEnumerable<T> items, Func<T, JsonObject> row, string sort, bool isReverse)
    {
        var rows = items.Select(row);
        if (sort.Length == 0 || sort == Name) return isReverse ? rows.Reverse() : rows;
        var path = sort.Split('.');
        return isReverse
            ? rows.OrderByDescending(item => Find(item, path), NodeOrder.Instance)
            : rows.OrderBy(item => Find(item, path), NodeOrder.Instance);
    }

    private static JsonArray Rows(IEnumerable<JsonObject> rows, string columns)
    {
        if (columns.Length == 0) return new JsonArray([.. rows]);
        var paths = Paths(columns);
        return new JsonArray([.. rows.Select(row => Columns(row, paths))]);
    }

    private static JsonObject Columns(JsonObject row, string[][] paths)
    {
        var result = new JsonObject();
        foreach (var path in paths)
        {
            if (Find(row, path) is not { } value) continue;
            var target = result;
            foreach (var part in path.AsSpan(0, path.Length - 1))
            {
                if (target[part] is not JsonObject next) target[part] = next = [];
                target = next;
            }

            target[path[^1]] = value.DeepClone();
        }

        return result;
    }

    private static JsonNode? Find(JsonObject row, string[] path)
    {
        JsonNode? node = row;
        foreach (var part in path)
        {
            if (node is not JsonObject inner) return null;
            node = inner[part];
        }

        return node;
    }

    /// <summary>A whole number of the query.</summary>
    /// <exception cref="ApiError">It is none, or out of range.</exception>
    public static int Number(IQueryCollection query, string name, int missing, int min, int max) =>
        query[name].ToString() is { Length: > 0 } text ? Number(text, name, min, max) : missing;

    private static int Number(string text, string name, int min, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number >= min && number <= max
            ? number
            : throw ApiError.BadRequest($"{name} has to be a whole number from {min} to {max}");

    /// <summary>Numbers by size, all else by its text; what is missing comes first.</summary>
    private sealed class NodeOrder : IComparer<JsonNode?>
    {
        public static readonly NodeOrder Instance = new();

        public int Compare(JsonNode? x, JsonNode? y)
        {
            if (x is null || y is null) return (x is null ? 0 : 1) - (y is null ? 0 : 1);
            if (x.GetValueKind() == JsonValueKind.Number && y.GetValueKind() == JsonValueKind.Number)
                return Number(x).CompareTo(Number(y));
            return string.CompareOrdinal(x.ToString(), y.ToString());
        }

        private static double Number(JsonNode node) =>
            double.Parse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture);
    }
}
