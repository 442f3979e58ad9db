using System.Globalization;
using System.Text.Json.Nodes;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Actions;

/// <summary>
/// Which messages are to leave a queue, and where to: the same fields in the address of a page that says what would
/// move, and in the form that does it.
/// </summary>
internal static class MoveChoice
{
    /// <summary>The queue they go to; empty for back to where they died.</summary>
    public const string To = "to";

    public const string DiedIn = "died-in";
    public const string Reason = "reason";
    public const string From = "from";
    public const string Until = "until";
    public const string Header = "header";
    public const string Value = "value";
    public const string Count = "count";
    public const string Rate = "rate";

    /// <summary>All there are.</summary>
    public static readonly string[] Fields = [To, DiedIn, Reason, From, Until, Header, Value, Count, Rate];

    /// <summary>The API's path for it.</summary>
    public static string Path(string vhost, string queue, Func<string, string> field) =>
        Target.Path("queues", vhost, queue) + (field(To).Length == 0 ? "/redrive" : "/move");

    /// <summary>The body for that path.</summary>
    /// <exception cref="FormException">A field can't be read.</exception>
    public static JsonObject Body(Func<string, string> field)
    {
        var body = new JsonObject();
        Add("destination", field(To));
        Add("queue", field(DiedIn));
        Add("reason", field(Reason));
        Add("header", field(Header));
        Add("header_value", field(Value));
        Add("count", field(Count));
        Add("rate", field(Rate));
        Add("from_ms", Time(field(From)));
        Add("until_ms", Time(field(Until)));
        return body;

        void Add(string name, string text)
        {
            if (text.Length > 0) body[name] = text;
        }
    }

    /// <summary>A time of a field of browsers, which is meant in UTC.</summary>
    private static string Time(string text)
    {
        const DateTimeStyles styles = DateTimeStyles.AssumeUniversal;
        if (text.Length == 0) return "";
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, styles, out var time)
            ? time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)
            : throw new FormException($"'{text}' is no time");
    }
}
