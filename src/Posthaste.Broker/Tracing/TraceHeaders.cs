using System.Diagnostics;
using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Core.Messages;

namespace Posthaste.Broker.Tracing;

/// <summary>
/// The context of a trace as messages carry it: the texts of W3C Trace Context, in the headers of AMQP and STOMP and
/// the user properties of MQTT 5. The broker only reads them, so consumers get their publisher's.
/// </summary>
internal static class TraceHeaders
{
    private const string Parent = "traceparent";
    private const string State = "tracestate";

    /// <summary>
    /// Characters of a state that are taken over: what implementations have to carry (section 3.3.1.5).
    /// </summary>
    private const int StateCharsMax = 512;

    /// <summary>Finds the trace that a message is part of.</summary>
    /// <returns>False for a message without one, which costs a search of its bytes, or with a malformed one.</returns>
    public static bool TryRead(MessageFormats formats, in MessageView message, out ActivityContext context)
    {
        context = default;
        // Its name stands as it is in every protocol's encoding.
        if (message.Properties.IndexOf("traceparent"u8) < 0) return false;
        var format = formats.For(message.Format);
        if (Read(format, in message, Parent) is not { } parent) return false;
        var state = Read(format, in message, State);
        return ActivityContext.TryParse(
            parent, state?.Length > StateCharsMax ? null : state, isRemote: true, out context);
    }

    /// <summary>As text, whichever of AMQP's two kinds of bytes a client has written it as.</summary>
    private static string? Read(IMessageFormat format, in MessageView message, string name) =>
        format.TryReadHeader(in message, name, out var value) && !value.Bytes.IsEmpty
            ? Encoding.UTF8.GetString(value.Bytes) : null;
}
