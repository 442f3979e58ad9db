using System.Text;
using Posthaste.Core.Notes;

namespace Posthaste.Core.Tests.Notes;

public sealed class NoteMapTests
{
    private readonly NoteMap _map = new(countMax: 4, bytesMax: 1_000);

    [Fact]
    public void A_note_says_what_was_set_last()
    {
        _map.Set("k"u8, "one"u8);
        _map.Set("k"u8, "two"u8);
        _map.Set("l"u8, default);

        Assert.True(_map.TryGet("k"u8, out var note));
        Assert.Equal(("k", "two"), (Text(note.Key), Text(note.Value)));
        Assert.True(_map.TryGet("l"u8, out note));
        Assert.Equal(0, note.Value.Length);
        Assert.False(_map.TryGet("m"u8, out _));
        Assert.True(_map.Remove("k"u8));
        Assert.False(_map.Remove("k"u8));
        Assert.Equal(1, _map.Count);
    }

    [Fact]
    public void Notes_are_walked_by_prefix_in_batches_though_some_go_meanwhile()
    {
        foreach (var key in (string[])["a/1", "a/2", "a/3", "a0", "b/1"]) _map.Set(Encoding.UTF8.GetBytes(key), "v"u8);
        var batch = new Note[2];

        Assert.Equal(2, _map.CopyTo(batch, "a/"u8, after: default));
        Assert.Equal(["a/1", "a/2"], batch.Select(note => Text(note.Key)));
        _map.Remove("a/2"u8);
        Assert.Equal(1, _map.CopyTo(batch, "a/"u8, after: "a/2"u8));
        Assert.Equal("a/3", Text(batch[0].Key));
        Assert.Equal(0, _map.CopyTo(batch, "a/"u8, after: "a/3"u8));

        Assert.Equal(2, _map.RemoveAll("a/"u8));
        Assert.False(_map.HasAny("a/"u8));
        Assert.True(_map.HasAny("a"u8));
        Assert.Equal(2, _map.Count);
    }

    [Fact]
    public void Keys_and_values_have_a_length()
    {
        var map = new NoteMap(10, 1 << 20);
        Assert.Equal(NoteRefusal.KeyLength, map.Check(default, 1));
        Assert.Equal(NoteRefusal.KeyLength, map.Check(new byte[Note.KeyBytesMax + 1], 1));
        Assert.Equal(NoteRefusal.ValueLength, map.Check("k"u8, Note.ValueBytesMax + 1));
        Assert.Equal(NoteRefusal.None, map.Check(new byte[Note.KeyBytesMax], Note.ValueBytesMax));
    }

    [Fact]
    public void No_more_notes_than_allowed_but_each_can_change()
    {
        for (byte i = 1; i <= 4; i++)
        {
            Assert.Equal(NoteRefusal.None, _map.Check([i], 1));
            _map.Set([i], "v"u8);
        }

        Assert.Equal(NoteRefusal.TooMany, _map.Check([5], 1));
        Assert.Equal(NoteRefusal.None, _map.Check([4], 1));
        _map.Remove([4]);
        Assert.Equal(NoteRefusal.None, _map.Check([5], 1));
    }

    [Fact]
    public void No_more_bytes_than_allowed_but_a_note_can_shrink()
    {
        _map.Set("big"u8, new byte[900]);
        Assert.Equal(NoteRefusal.TooManyBytes, _map.Check("k"u8, 10));
        Assert.Equal(NoteRefusal.TooManyBytes, _map.Check("big"u8, 990));
        Assert.Equal(NoteRefusal.None, _map.Check("big"u8, 10));
        _map.Set("big"u8, new byte[10]);
        Assert.Equal(NoteRefusal.None, _map.Check("k"u8, 10));
        Assert.Equal(48 + 3 + 10, _map.Bytes);
    }

    [Fact]
    public void Room_that_is_held_is_nobody_elses()
    {
        for (byte i = 1; i <= 4; i++) Assert.Equal(NoteRefusal.None, _map.Hold([i], 1));
        Assert.Equal(NoteRefusal.TooMany, _map.Hold([5], 1));
        _map.LetGo(1, 1);
        Assert.Equal(NoteRefusal.None, _map.Hold([5], 1));
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
