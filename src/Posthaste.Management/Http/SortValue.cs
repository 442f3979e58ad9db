namespace Posthaste.Management.Http;

/// <summary>
/// What an item of a list is sorted by: a number or a text. Of two items both have the same.
/// </summary>
/// <param name="Number">0 with a text.</param>
/// <param name="Text">Null with a number.</param>
internal readonly record struct SortValue(double Number, string? Text) : IComparable<SortValue>
{
    public static implicit operator SortValue(double number) => new(number, null);

    public static implicit operator SortValue(string text) => new(0, text);

    public int CompareTo(SortValue other) =>
        Text is null ? Number.CompareTo(other.Number) : string.CompareOrdinal(Text, other.Text);
}
