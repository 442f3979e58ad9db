using FsCheck;
using FsCheck.Fluent;

namespace Posthaste.Testing;

/// <summary>What is tried. Which permissions it needs is in <see cref="AccessCase.IsAllowed"/>.</summary>
internal enum Operation
{
    DeclareQueue,
    DeclareQueueWithDeadLetters,
    DeleteQueue,
    DeclareExchange,
    DeclareExchangeWithAlternate,
    DeleteExchange,
    Bind,
    Unbind,
    Publish,
    Consume,
    Get,
    Purge,
}

/// <summary>
/// A pattern of a permission, as the expression that the broker is given and as what it means, said without regular
/// expressions.
/// </summary>
internal sealed record NamePattern(string Text, Func<string, bool> Matches)
{
    public override string ToString() => $"'{Text}'";
}

/// <summary>One user's permissions and one thing that it tries.</summary>
/// <param name="TopicWrite">Null, as <paramref name="TopicRead"/> then is: no topic permission.</param>
/// <param name="Other">The dead-letter or alternate exchange.</param>
internal sealed record AccessCase(
    NamePattern Configure, NamePattern Write, NamePattern Read, NamePattern? TopicWrite, NamePattern? TopicRead,
    Operation Operation, string Queue, string Exchange, string Other, string Key)
{
    /// <summary>The model: RabbitMQ's table of permissions, as docs/management.md has it.</summary>
    public bool IsAllowed => Operation switch
    {
        Operation.DeclareQueue or Operation.DeleteQueue => Configure.Matches(Queue),
        Operation.DeclareQueueWithDeadLetters =>
            Configure.Matches(Queue) && Read.Matches(Queue) && Write.Matches(Other),
        Operation.DeclareExchange or Operation.DeleteExchange => Configure.Matches(Exchange),
        Operation.DeclareExchangeWithAlternate =>
            Configure.Matches(Exchange) && Read.Matches(Exchange) && Write.Matches(Other),
        Operation.Bind or Operation.Unbind =>
            Write.Matches(Queue) && Read.Matches(Exchange) && MayUseKey(TopicRead),
        Operation.Publish => Write.Matches(Exchange.Length == 0 ? "amq.default" : Exchange) && MayUseKey(TopicWrite),
        _ => Read.Matches(Queue),
    };

    /// <summary>Asked of topic exchanges that have a topic permission.</summary>
    private bool MayUseKey(NamePattern? keys) =>
        keys is null || Exchange != AccessMatrix.TopicExchange || keys.Matches(Key);
}

/// <summary>
/// Random permissions and operations, put to a broker by one protocol and to the model. One expression of each shape
/// and one literal of each length is enough to be wrong about.
/// </summary>
internal static class AccessMatrix
{
    public const string TopicExchange = "amq.topic";
    public const int CaseCount = 150;

    /// <summary>Queues that there are, each a prefix or suffix of another.</summary>
    public static readonly string[] Queues = ["a", "ab", "b.a"];

    private static readonly string[] Keys = ["a", "a.b", "b.a"];

    private static readonly string[] Literals = [.. Queues, TopicExchange, "amq", "amq.default", "x", ".", "a.b"];

    private static readonly Gen<NamePattern> Pattern =
        from kind in Gen.Choose(0, 8)
        from first in Gen.Elements(Literals)
        from second in Gen.Elements(Literals)
        select Make(kind, first, second);

    /// <param name="operations">What the protocol has.</param>
    /// <param name="exchanges">Exchanges that it can name.</param>
    /// <param name="isAllowed">Puts a case to the broker.</param>
    public static void Check(Operation[] operations, string[] exchanges, Func<AccessCase, Task<bool>> isAllowed)
    {
        var counts = new int[2];
        var cases = from configure in Pattern
                    from write in Pattern
                    from read in Pattern
                    from hasTopic in Gen.Elements(true, false)
                    from topicWrite in Pattern
                    from topicRead in Pattern
                    from operation in Gen.Elements(operations)
                    from queue in Gen.Elements(Queues)
                    from exchange in Gen.Elements(NeedsName(operation) ? [.. exchanges.Where(Named)] : exchanges)
                    from other in Gen.Elements(exchanges.Where(Named).ToArray())
                    from key in Gen.Elements(Keys)
                    select new AccessCase(
                        configure, write, read, hasTopic ? topicWrite : null, hasTopic ? topicRead : null, operation,
                        queue, exchange, other, key);
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(CaseCount),
            Prop.ForAll(Arb.From(cases), entry =>
            {
                var allowed = isAllowed(entry).WaitAsync(TimeSpan.FromSeconds(60)).GetAwaiter().GetResult();
                counts[entry.IsAllowed ? 1 : 0]++;
                return allowed == entry.IsAllowed;
            }));

        // A run that is all of one kind would prove nothing. An eighth of the cases is of the rarer kind, so a run
        // without any comes once in 10^8.
        Assert.True(counts.Min() > 0, $"{counts[1]} allowed, {counts[0]} refused");
    }

    private static bool Named(string exchange) => exchange is not ("" or "amq.default");

    private static bool NeedsName(Operation operation) => operation != Operation.Publish;

    private static NamePattern Make(int kind, string first, string second)
    {
        var (one, two) = (Escape(first), Escape(second));
        return kind switch
        {
            0 => new("", static _ => false),
            1 or 2 => new(".*", static _ => true),
            3 => new(one, name => name.Contains(first, StringComparison.Ordinal)),
            4 => new($"^{one}", name => name.StartsWith(first, StringComparison.Ordinal)),
            5 => new($"{one}$", name => name.EndsWith(first, StringComparison.Ordinal)),
            6 => new($"^{one}$", name => name == first),
            7 => new($"^({one}|{two})$", name => name == first || name == second),
            _ => new($"^(?!{one})", name => !name.StartsWith(first, StringComparison.Ordinal)),
        };
    }

    private static string Escape(string text) => text.Replace(".", "\\.", StringComparison.Ordinal);
}
