using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Posthaste.Management.Http;

namespace Posthaste.Management.Tests;

/// <summary>What a page of a long list costs, by count of work: rows are what is dear.</summary>
public sealed class ListingCostTests
{
    private const int QueueCount = 10_000;
    private int _rowCount;

    [Theory]
    [InlineData("?page=3&page_size=100")]
    [InlineData("?page=3&page_size=100&sort_reverse=true")]
    [InlineData("?page=3&page_size=100&sort=messages&sort_reverse=true")]
    [InlineData("?page=1&page_size=100&sort=messages&name=9&columns=name")]
    [InlineData("?page=3&page_size=100&sort=kind")]
    public void A_page_of_ten_thousand_makes_a_page_of_rows(string query)
    {
        var page = Show(query);
        Assert.Equal(100, page["items"]!.AsArray().Count);
        Assert.Equal(QueueCount, (int)page["total_count"]!);
        Assert.Equal(100, _rowCount);
    }

    /// <summary>Every list of the API answers to a page by this (<see cref="DescriptionTests"/>).</summary>
    [Theory]
    [InlineData("?page=100&page_size=100&disable_stats=true&enable_queue_totals=true")]
    [InlineData("?page=1&page_size=100&use_regex=true&pagination=false&name=%5Eq0")]
    public void A_pollers_page_makes_a_page_of_rows(string query)
    {
        Assert.Equal(100, Show(query)["items"]!.AsArray().Count);
        Assert.Equal(100, _rowCount);
    }

    [Theory]
    [InlineData("messages", "depth")]
    [InlineData("kind", "text")]
    public void The_fast_order_is_the_order_of_the_rows(string quick, string plain)
    {
        var fast = Show($"?page=2&page_size=7&sort={quick}&sort_reverse=true");
        var slow = Show($"?page=2&page_size=7&sort={plain}&sort_reverse=true");
        Assert.Equal(
            slow["items"]!.AsArray().Select(static row => (string?)row!["name"]),
            fast["items"]!.AsArray().Select(static row => (string?)row!["name"]));
    }

    private JsonObject Show(string query)
    {
        _rowCount = 0;
        var context = new DefaultHttpContext();
        context.Request.QueryString = new QueryString(query);
        return (JsonObject)Listing.Show(
            context, Enumerable.Range(0, QueueCount), static item => $"q{item:D5}", Row,
            static column => column switch
            {
                "messages" => static item => Depth(item),
                "kind" => static item => $"k{Depth(item) % 3}",
                _ => null,
            });
    }

    private JsonObject Row(int item)
    {
        _rowCount++;
        return new JsonObject { ["name"] = $"q{item:D5}", ["depth"] = Depth(item), ["text"] = $"k{Depth(item) % 3}" };
    }

    private static int Depth(int item) => item * 7919 % QueueCount;
}
