using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>
/// What can be wrong with one argument's value, worded like the Erlang terms in RabbitMQ's answers. Null: nothing.
/// </summary>
internal static class ArgumentFaults
{
    private const long PriorityMax = 255;

    public static string UnacceptableType(FieldValue value) => $"{{unacceptable_type,{value.Type.WireName()}}}";

    public static string? Text(FieldValue value) => value.Type == FieldType.String ? null : UnacceptableType(value);

    public static string? Boolean(FieldValue value) => value.Type == FieldType.Boolean ? null : UnacceptableType(value);

    public static string? Integer(FieldValue value) =>
        value.Type.IsInteger() ? null : $"\"expected integer, got {value.Type.WireName()}\"";

    public static string? NaturalNumber(FieldValue value) => !value.TryGetInt64(out var number)
        ? Integer(value)
        : number < 0 ? $"{{value_negative,{number}}}" : null;

    public static string? PositiveInteger(FieldValue value) =>
        value.TryGetInt64(out var number) && number == 0 ? "{value_zero,0}" : NaturalNumber(value);

    public static string? Priority(FieldValue value) =>
        value.TryGetInt64(out var number) && number > PriorityMax
            ? $"{{max_value_exceeded,{number}}}"
            : NaturalNumber(value);

    public static string? QueueVersion(FieldValue value) => NaturalNumber(value)
        ?? (value.TryGetInt64(out var number) && number is 1 or 2 ? null : $"\"unsupported queue version '{value}'\"");

    public static string? QueueMode(FieldValue value) => Text(value)
        ?? (value.TryGetString(out var mode) && mode is "default" or "lazy"
            ? null
            : $"\"unsupported queue mode '{value}'\"");

    /// <summary>A string out of a list; the fault has RabbitMQ's own name.</summary>
    public static Func<FieldValue, string?> OneOf(string fault, params string[] allowed) => value => Text(value)
        ?? (value.TryGetString(out var text) && allowed.Contains(text) ? null : fault);
}
