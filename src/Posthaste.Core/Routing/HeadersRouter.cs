using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Routing;

/// <summary>
/// Matches the message's headers with the binding's arguments as `x-match` says: all of them (the default) or any.
/// Arguments whose names start with `x-` are no conditions, unless the mode is `all-with-x` or `any-with-x`. An
/// argument without a value (void) asks for the header's presence alone.
/// </summary>
internal sealed class HeadersRouter : Router
{
    public const string MatchArgument = "x-match";

    private readonly SnapshotList<Rule> _rules = new();

    public override bool UsesKey => false;

    public override void Add(Binding binding) => _rules.Add(new Rule(binding));

    public override void Remove(Binding binding)
    {
        var rules = _rules.Slots;
        for (var i = 0; i < rules.Length; i++)
        {
            if (rules[i] is { } rule && ReferenceEquals(rule.Binding, binding))
            {
                _rules.RemoveAt(i);
                return;
            }
        }
    }

    public override void Route(ReadOnlySpan<byte> key, in RouteHeaders headers, RouteResult into)
    {
        foreach (var rule in _rules.Slots)
        {
            if (rule is null)
                continue;
            into.DependsOnHeaders |= rule.HasConditions;
            if (rule.Matches(headers))
                into.Reach(rule.Binding.Destination);
        }
    }

    /// <summary>Reads `x-match`; false if it is none of the four modes.</summary>
    public static bool TryReadMode(FieldTable arguments, out bool any, out bool withX)
    {
        any = withX = false;
        if (!arguments.TryGetValue(MatchArgument, out var value))
            return true;
        if (!value.TryGetString(out var mode))
            return false;
        any = mode is "any" or "any-with-x";
        withX = mode is "all-with-x" or "any-with-x";
        return any || withX || mode == "all";
    }

    private sealed class Rule
    {
        private readonly KeyValuePair<string, FieldValue>[] _conditions;
        private readonly bool _any;

        public Rule(Binding binding)
        {
            Binding = binding;
            TryReadMode(binding.Arguments, out _any, out var withX);
            _conditions = [.. binding.Arguments.Where(argument => argument.Key != MatchArgument
                && (withX || !argument.Key.StartsWith("x-", StringComparison.Ordinal)))];
        }

        public Binding Binding { get; }

        public bool HasConditions => _conditions.Length > 0;

        public bool Matches(in RouteHeaders headers)
        {
            foreach (var (name, wanted) in _conditions)
            {
                var holds = headers.TryGet(name, out var value)
                    && (wanted.Type == FieldType.Void || wanted.EquivalentTo(value));
                if (holds == _any)
                    return _any;
            }

            return !_any;
        }
    }
}
