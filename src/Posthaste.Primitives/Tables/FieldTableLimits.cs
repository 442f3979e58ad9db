namespace Posthaste.Primitives.Tables;

/// <summary>
/// Bounds on what a field table received from a peer may cost. Bytes are bounded by the frame it came in.
/// </summary>
/// <param name="DepthMax">
/// Tables and arrays inside one another, the outermost counted. Checked before descending, so a frame of nothing but
/// opening brackets cannot exhaust the stack.
/// </param>
/// <param name="FieldCountMax">
/// Values on all levels together. A value can be one byte on the wire and costs about 40 bytes once decoded.
/// </param>
public readonly record struct FieldTableLimits(int DepthMax, int FieldCountMax)
{
    /// <summary>
    /// 32 levels: the deepest tables in use (x-death, an array of tables with arrays of strings) have four;
    /// System.Text.Json, for comparison, stops at 64. 65,536 values: more than a 128 KiB frame can hold with keys, so
    /// it only binds where larger frames were negotiated; 2.6 MB decoded at most.
    /// </summary>
    public static FieldTableLimits Default { get; } = new(DepthMax: 32, FieldCountMax: 65_536);
}

/// <summary>Why bytes are not a field table.</summary>
public enum FieldTableFault
{
    /// <summary>They are one.</summary>
    None,

    /// <summary>A key, a value or a length reaches beyond the end of what contains it.</summary>
    Truncated,

    /// <summary>A tag octet outside <see cref="FieldType"/>.</summary>
    UnknownType,

    /// <summary>A key is not UTF-8, which the specification requires of short strings.</summary>
    KeyNotUtf8,

    /// <summary>Deeper than <see cref="FieldTableLimits.DepthMax"/>.</summary>
    TooDeep,

    /// <summary>More values than <see cref="FieldTableLimits.FieldCountMax"/>.</summary>
    TooManyFields,
}
