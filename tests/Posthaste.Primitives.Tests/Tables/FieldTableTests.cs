using Posthaste.Primitives.Tables;

namespace Posthaste.Primitives.Tests.Tables;

public sealed class FieldTableTests
{
    [Fact]
    public void Lookup_finds_the_first_of_duplicates()
    {
        FieldTable table = [new("a", 1), new("b", "text"), new("a", 2)];

        Assert.True(table.TryGetInt64("a", out var number));
        Assert.Equal(1, number);
        Assert.True(table.TryGetString("b", out var text));
        Assert.Equal("text", text);
        Assert.False(table.ContainsKey("A"));
        Assert.False(table.TryGetString("a", out _));
        Assert.False(table.TryGetInt64("b", out _));
    }

    [Fact]
    public void With_replaces_in_place_or_appends_and_without_removes_all()
    {
        FieldTable table = [new("a", 1), new("b", 2), new("a", 3)];

        Assert.Equal([new("a", 9), new("b", 2), new("a", 3)], table.With("a", 9));
        Assert.Equal([new("a", 1), new("b", 2), new("a", 3), new("c", true)], table.With("c", true));
        Assert.Equal([new("b", 2)], table.Without("a"));
        Assert.Same(table, table.Without("z"));
        Assert.Equal(3, table.Count);
    }

    [Theory]
    [InlineData(FieldType.Int8)]
    [InlineData(FieldType.UInt8)]
    [InlineData(FieldType.Int16)]
    [InlineData(FieldType.UInt16)]
    [InlineData(FieldType.Int32)]
    [InlineData(FieldType.UInt32)]
    [InlineData(FieldType.Int64)]
    public void Integers_are_equivalent_whatever_their_width(FieldType type)
    {
        FieldTable mine = [new("x-max-length", FieldValue.Integer(type, 100)), new("x-mode", "lazy")];
        FieldTable theirs = [new("x-mode", "lazy"), new("x-max-length", 100L)];

        Assert.True(mine.EquivalentTo(theirs));
        Assert.False(mine.Equals(theirs));
        Assert.False(mine.EquivalentTo(theirs.With("x-max-length", 101)));
        Assert.False(mine.EquivalentTo(theirs.With("x-max-length", "100")));
        Assert.False(mine.EquivalentTo(theirs.Without("x-mode")));
        Assert.False(theirs.Without("x-mode").EquivalentTo(mine));
    }

    [Fact]
    public void Equivalence_reaches_into_arrays_and_tables()
    {
        FieldTable inner = [new("n", 1), new("m", FieldValue.Single(0.5f))];
        FieldTable wider = [new("m", FieldValue.Double(0.5)), new("n", 1L)];

        Assert.True(FieldValue.Array(inner, 7).EquivalentTo(FieldValue.Array(wider, 7L)));
        Assert.False(FieldValue.Array(inner, 7).EquivalentTo(FieldValue.Array(wider, 8L)));
        Assert.False(FieldValue.Array(inner, 7).EquivalentTo(FieldValue.Array(wider)));
        Assert.False(FieldValue.Table(inner).EquivalentTo(FieldValue.Array(wider)));
    }

    [Theory]
    [InlineData(FieldType.Int8, 128)]
    [InlineData(FieldType.UInt8, -1)]
    [InlineData(FieldType.Int16, 32768)]
    [InlineData(FieldType.UInt16, 65536)]
    [InlineData(FieldType.Int32, 1L << 31)]
    [InlineData(FieldType.UInt32, 1L << 32)]
    [InlineData(FieldType.String, 0)]
    public void An_integer_that_does_not_fit_its_type_is_refused(FieldType type, long value) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => FieldValue.Integer(type, value));

    [Fact]
    public void A_key_that_does_not_fit_a_short_string_is_refused()
    {
        FieldTable fits = [new(new string('é', 127) + "a", 1)];
        Assert.Single(fits);
        Assert.Throws<ArgumentException>(() => FieldTable.Empty.With(new string('é', 128), 1));
    }

    [Fact]
    public void A_string_that_is_not_text_keeps_its_bytes()
    {
        var value = FieldValue.String([0xFF, 0x00]);
        Assert.False(value.TryGetString(out _));
        Assert.Equal([0xFF, 0x00], value.Bytes.ToArray());
    }
}
