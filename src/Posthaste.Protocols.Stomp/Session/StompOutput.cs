using System.IO.Pipelines;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>The output of a connection, in frames.</summary>
internal sealed class StompOutput(PipeWriter pipe, Action onChanged) : SessionOutput(pipe, onChanged)
{
    // What the longest heads of ordinary subscriptions need; beyond it a head is built on the heap.
    private const int HeadBytesOnStackMax = 1024;

    /// <summary>Under the gate: writes a MESSAGE frame.</summary>
    /// <param name="head">Up to the publisher's headers.</param>
    /// <param name="headers">The publisher's headers as lines, escaped as the version has it.</param>
    /// <param name="body">The body.</param>
    public void WriteMessage(in MessageHead head, ReadOnlySpan<byte> headers, ReadOnlySpan<byte> body)
    {
        if (IsDead)
            return;
        var bytesMax = head.BytesMax + headers.Length + body.Length + 2;
        if (TryGetContiguous(bytesMax, out var target))
        {
            var at = head.Write(target);
            headers.CopyTo(target[at..]);
            at += headers.Length;
            target[at++] = (byte)'\n';
            body.CopyTo(target[at..]);
            at += body.Length;
            target[at++] = 0;
            Advance(at);
            return;
        }

        Span<byte> start = head.BytesMax <= HeadBytesOnStackMax
            ? stackalloc byte[HeadBytesOnStackMax]
            : new byte[head.BytesMax];
        WriteBytes(start[..head.Write(start)]);
        WriteBytes(headers);
        WriteBytes("\n"u8);
        WriteBytes(body);
        WriteBytes("\0"u8);
    }

    /// <summary>Under the gate: writes a RECEIPT frame.</summary>
    /// <param name="id">The id as it came, escapes included: it goes back by the rules of the same version.</param>
    public void WriteReceipt(ReadOnlySpan<byte> id)
    {
        WriteBytes("RECEIPT\nreceipt-id:"u8);
        WriteBytes(id);
        WriteBytes("\n\n\0"u8);
    }
}
