namespace Posthaste.Management.Http;

/// <summary>A parameter of a query.</summary>
/// <param name="Name">As it stands in the query.</param>
/// <param name="Type">As in the notation of <see cref="OpenApi.ApiSchemas"/>.</param>
/// <param name="Meaning">For people.</param>
internal sealed record QueryParameter(string Name, string Type, string Meaning);

/// <summary>What a success is answered with.</summary>
internal enum AnswerKind
{
    /// <summary>204, nothing.</summary>
    Nothing,

    /// <summary>201 for what is new, else 204; nothing.</summary>
    Created,

    /// <summary>200 and an object, or whatever the schema says.</summary>
    One,

    /// <summary>200 and a list, or a page of one.</summary>
    List,
}

/// <summary>
/// A method of a path: who handles it, and what there is to say of it. What routes say of themselves is all that the
/// API's description (`openapi.json`) is made of, so one that says nothing fails a test.
/// </summary>
internal sealed class ApiRoute(string method, string path, Func<ApiRequest, Task> handler)
{
    private static readonly QueryParameter[] OfLists =
    [
        new("page", "integer", "Page to show, from 1. Without it the whole list is shown, as an array."),
        new("page_size", "integer", "Rows of a page: 100 unless told, 500 at most."),
        new("name", "string", "Only rows whose name contains this text, whatever its case."),
        new("use_regex", "boolean", "Whether `name` is a regular expression."),
        new("sort", "string", "Column to sort by, with dots between levels; rows are sorted by name unless told."),
        new("sort_reverse", "boolean", "Whether the order is the reverse."),
    ];

    private static readonly QueryParameter OfColumns =
        new("columns", "string", "Columns to show, separated by commas, with dots between levels; all unless told.");

    private static readonly (string Name, string Of)[] Windows =
        [("lengths", "numbers of messages"), ("msg_rates", "rates of messages"), ("data_rates", "rates of bytes")];

    private readonly List<QueryParameter> _query = [];

    /// <summary>HTTP's.</summary>
    public string Method { get; } = method;

    /// <summary>Behind `/api/`, its variables in braces.</summary>
    public string Path { get; } = path;

    public Func<ApiRequest, Task> Handler { get; } = handler;

    /// <summary>One sentence: what it does.</summary>
    public string Summary { get; private set; } = "";

    /// <summary>Tag of the users who may; null: every user of the API, each seeing what it may see.</summary>
    public string? Tag { get; private set; }

    /// <summary>Schema of a request's body; null for none.</summary>
    public string? Body { get; private set; }

    public AnswerKind Answer { get; private set; }

    /// <summary>Schema of the answer, of a row where it is a list; null for none.</summary>
    public string? Schema { get; private set; }

    /// <summary>Answers 503 with this schema when what it checks is not so.</summary>
    public string? Failure { get; private set; }

    /// <summary>Answers 202 with this schema when it is asked to go on in the background; null: it never is.</summary>
    public string? Background { get; private set; }

    public IReadOnlyList<QueryParameter> Query => _query;

    /// <summary>Says what it does.</summary>
    public ApiRoute Says(string summary)
    {
        Summary = summary;
        return this;
    }

    /// <summary>Only users with this tag may, and administrators.</summary>
    public ApiRoute For(string tag)
    {
        Tag = tag;
        return this;
    }

    public ApiRoute Takes(string schema)
    {
        Body = schema;
        return this;
    }

    public ApiRoute Takes(string name, string type, string meaning)
    {
        _query.Add(new QueryParameter(name, type, meaning));
        return this;
    }

    /// <summary>Takes samples of a time for what is counted.</summary>
    public ApiRoute Samples()
    {
        foreach (var (name, of) in Windows)
        {
            _query.Add(new QueryParameter($"{name}_age", "integer", $"Seconds of samples to show of {of}."));
            _query.Add(new QueryParameter($"{name}_incr", "integer", $"Seconds between these samples."));
        }

        return this;
    }

    /// <summary>Can leave statistics out, for those who ask often.</summary>
    public ApiRoute Counting() => this
        .Takes("disable_stats", "boolean", "Whether statistics are left out.")
        .Takes("enable_queue_totals", "boolean", "Whether numbers of messages are shown all the same.");

    /// <summary>Lists what clients have, of one protocol if asked.</summary>
    public ApiRoute OfClients() =>
        Takes("protocol", "string", "Only of clients of this protocol: `amqp`, `mqtt` or `stomp`.");

    public ApiRoute Creates() => Answers(AnswerKind.Created, null);

    public ApiRoute Shows(string schema) => Answers(AnswerKind.One, schema);

    public ApiRoute Lists(string row)
    {
        _query.AddRange(OfLists);
        _query.Add(OfColumns);
        return Answers(AnswerKind.List, row);
    }

    /// <summary>Shows one object, of which `columns` selects.</summary>
    public ApiRoute ShowsColumns(string schema)
    {
        _query.Add(OfColumns);
        return Answers(AnswerKind.One, schema);
    }

    /// <summary>Can go on in the background: the answer is what is known of it then, `Location` where it is.</summary>
    public ApiRoute InBackground(string schema)
    {
        Background = schema;
        return this;
    }

    /// <summary>A check of health.</summary>
    public ApiRoute Checks(string success = "CheckPassed", string failure = "CheckFailed")
    {
        Failure = failure;
        return Answers(AnswerKind.One, success);
    }

    private ApiRoute Answers(AnswerKind kind, string? schema)
    {
        (Answer, Schema) = (kind, schema);
        return this;
    }
}
