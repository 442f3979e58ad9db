using Posthaste.Core.Routing;
using Posthaste.Primitives.Tables;

namespace Posthaste.Protocols.Amqp091.Format;

/// <summary>Sender-selected distribution: the headers CC and BCC, arrays of further routing keys.</summary>
internal static class RoutingHeaders
{
    private const string Bcc = "BCC";

    /// <summary>Reads the keys of both headers.</summary>
    /// <param name="headers">Content of a table that has been checked.</param>
    /// <param name="keys">Null if there is neither header.</param>
    /// <param name="withoutBcc">
    /// The table to store, null if it is the same: nobody is to see who else was sent a blind copy.
    /// </param>
    /// <returns>What is wrong, in RabbitMQ's words; null if nothing is.</returns>
    public static string? Read(ReadOnlySpan<byte> headers, out IReadOnlyList<byte[]>? keys, out byte[]? withoutBcc)
    {
        keys = null;
        withoutBcc = null;
        var table = new FieldTableReader(headers);
        var hasCc = table.TryFind("CC"u8, out var cc);
        var hasBcc = table.TryFind("BCC"u8, out var bcc);
        if (!hasCc && !hasBcc)
            return null;
        var found = new List<byte[]>();
        if (hasCc && !TryAdd(cc, found))
            return $"{{unacceptable_type_in_header,\"CC\",{cc.Type.WireName()}}}";
        if (hasBcc && !TryAdd(bcc, found))
            return $"{{unacceptable_type_in_header,\"BCC\",{bcc.Type.WireName()}}}";
        if (hasBcc)
            withoutBcc = FieldTableCodec.Encode(table.ToTable().Without(Bcc));
        keys = found;
        return null;
    }

    /// <summary>
    /// The keys of CC and BCC in a message that was stored with both, because it was delayed: the blind copies are
    /// still to be made.
    /// </summary>
    public static IReadOnlyList<byte[]> ReadAll(ReadOnlySpan<byte> headers) =>
        Read(headers, out var keys, out _) is null && keys is not null ? keys : [];

    /// <summary>The headers of a message whose delay is over: no blind copies, and the delay negated.</summary>
    public static FieldTable Released(FieldTable headers)
    {
        headers = headers.Without(Bcc);
        if (!headers.TryGetValue(DelayHeader.Name, out var delay) || !DelayHeader.TryRead(delay, out var delayMs))
            return headers;
        var isWide = delay.Type == FieldType.Int64 || delayMs > int.MaxValue;
        return headers.With(DelayHeader.Name, isWide ? FieldValue.Int64(-delayMs) : FieldValue.Int32((int)-delayMs));
    }

    /// <summary>The keys of CC in a stored message.</summary>
    public static IReadOnlyList<byte[]> ReadCc(ReadOnlySpan<byte> headers)
    {
        if (!new FieldTableReader(headers).TryFind("CC"u8, out var cc))
            return [];
        var found = new List<byte[]>();
        TryAdd(cc, found);
        return found;
    }

    private static bool TryAdd(FieldView field, List<byte[]> keys)
    {
        if (!field.TryGetArray(out var array))
            return false;
        foreach (var item in array)
        {
            if (item.TryGetString(out var key))
                keys.Add(key.ToArray());
        }

        return true;
    }
}
