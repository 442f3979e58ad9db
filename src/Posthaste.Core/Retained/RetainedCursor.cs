using Posthaste.Core.Collections;

namespace Posthaste.Core.Retained;

/// <summary>What a walk does at a key.</summary>
internal enum RetainedVerdict
{
    /// <summary>The key matches; the next key is next.</summary>
    Match,

    /// <summary>It does not; the next key is next.</summary>
    Next,

    /// <summary>It does not, and neither does anything before the target.</summary>
    Seek,
}

/// <summary>
/// A walk over the retained messages whose routing keys match a pattern, in pieces of any size. Between them it
/// remembers no more than a key, so what is retained or cleared meanwhile is found or not, and nothing is found twice.
/// One owner.
/// </summary>
/// <remarks>
/// Keys are in the order of their bytes, so all that begin with some words are together. Where a key does not match,
/// the walk knows the least key behind it that could, and seeks that:
/// <code>
///   pattern  a.*.c         (* one word)
///   at       a.b.a    ──▶  a.b.c      the literal word is still ahead
///   at       a.b.d    ──▶  a.b/       it is not: behind everything that begins with a.b. ('/' is the byte after '.')
///   at       b        ──▶  the end    no word before it can change
/// </code>
/// So `a.*.c` costs two seeks for each word in second place, however much is retained below it.
/// </remarks>
public sealed class RetainedCursor
{
    private readonly byte[] _pattern;
    private readonly PatternSyntax _syntax;
    private readonly bool _avoidsHidden;
    private byte[] _target = [];
    private int _targetLength;

    public RetainedCursor(ReadOnlySpan<byte> pattern, PatternSyntax syntax)
    {
        _pattern = pattern.ToArray();
        _syntax = syntax;
        var first = Word(_pattern, 0);
        _avoidsHidden = syntax.Hidden is not null && (syntax.IsOne(first) || syntax.IsRest(first));
    }

    /// <summary>A walk over all messages.</summary>
    public static RetainedCursor All() => new("#"u8, PatternSyntax.Mqtt with { Hidden = null });

    /// <summary>There is nothing more to find.</summary>
    public bool IsAtEnd { get; internal set; }

    internal ReadOnlySpan<byte> Target => _target.AsSpan(0, _targetLength);

    /// <summary>Where the walk goes on.</summary>
    internal SortedPosition Resume(SortedMap<RetainedMessage> messages) => messages.Seek(Target);

    /// <summary>Remembers the key that is looked at next.</summary>
    internal void Pause(ReadOnlySpan<byte> nextKey) => SetTarget(nextKey, default);

    /// <summary>Compares a key with the pattern, word by word.</summary>
    internal RetainedVerdict Judge(ReadOnlySpan<byte> key)
    {
        if (_avoidsHidden && key.Length > 0 && key[0] == _syntax.Hidden)
            return SeekBehind(key[..0], (byte)(key[0] + 1));

        // Where the last word ends that a wildcard stands for; -1 before any.
        var lastFreeEnd = -1;
        int patternAt = 0, keyAt = 0;
        while (patternAt <= _pattern.Length)
        {
            var wanted = Word(_pattern, patternAt);
            if (_syntax.IsRest(wanted)) return RetainedVerdict.Match;
            if (keyAt > key.Length) return RetainedVerdict.Next;
            var word = Word(key, keyAt);
            if (_syntax.IsOne(wanted)) lastFreeEnd = keyAt + word.Length;
            else if (!word.SequenceEqual(wanted)) return SeekWord(key, keyAt, wanted, lastFreeEnd);
            patternAt += wanted.Length + 1;
            keyAt += word.Length + 1;
        }

        return keyAt > key.Length ? RetainedVerdict.Match : SeekNextFree(key, lastFreeEnd);
    }

    /// <summary>The key has another word where this one is wanted.</summary>
    private RetainedVerdict SeekWord(ReadOnlySpan<byte> key, int keyAt, ReadOnlySpan<byte> wanted, int lastFreeEnd)
    {
        var rest = key[keyAt..];
        if (rest.SequenceCompareTo(wanted) < 0)
        {
            SetTarget(key[..keyAt], wanted);
            return RetainedVerdict.Seek;
        }

        // A longer word that sorts before the separator: keys with the wanted word and more behind it are still ahead.
        if (rest.StartsWith(wanted) && rest[wanted.Length] < _syntax.Separator)
            return SeekBehind(key[..(keyAt + wanted.Length)], _syntax.Separator);
        return SeekNextFree(key, lastFreeEnd);
    }

    /// <summary>Nothing more can match until the last free word changes.</summary>
    private RetainedVerdict SeekNextFree(ReadOnlySpan<byte> key, int lastFreeEnd)
    {
        if (lastFreeEnd >= 0) return SeekBehind(key[..lastFreeEnd], (byte)(_syntax.Separator + 1));
        IsAtEnd = true;
        return RetainedVerdict.Next;
    }

    private RetainedVerdict SeekBehind(ReadOnlySpan<byte> prefix, byte next)
    {
        SetTarget(prefix, [next]);
        return RetainedVerdict.Seek;
    }

    private void SetTarget(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        _targetLength = first.Length + second.Length;
        if (_target.Length < _targetLength) _target = new byte[Math.Max(_targetLength, 64)];
        first.CopyTo(_target);
        second.CopyTo(_target.AsSpan(first.Length));
    }

    private ReadOnlySpan<byte> Word(ReadOnlySpan<byte> text, int at)
    {
        var rest = text[at..];
        var end = rest.IndexOf(_syntax.Separator);
        return end < 0 ? rest : rest[..end];
    }
}
