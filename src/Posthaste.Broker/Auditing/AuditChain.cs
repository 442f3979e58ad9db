using System.Text.Json;

namespace Posthaste.Broker.Auditing;

/// <summary>What a file of the audit log holds, by its seals.</summary>
/// <param name="LineCount">Lines that fit.</param>
/// <param name="Before">The last seal of the file before, as the first line has it.</param>
/// <param name="Last">The seal of the last line that fits.</param>
/// <param name="Torn">A part of a line at the end: a crash, or a line that is being written.</param>
/// <param name="Fault">The first line that does not fit, and why; null when all do.</param>
internal sealed record AuditChain(
    long LineCount, byte[] Before, byte[] Last, byte[] Torn, (long Line, string What)? Fault)
{
    /// <summary>Bytes of a line at most; the texts of an entry are bounded, so none comes near it.</summary>
    private const int LineBytesMax = 1 << 20;

    /// <summary>Reads a file from its beginning, while somebody may append to it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="seals">Makes the seals anew.</param>
    /// <param name="see">Told of each seal that fits; null for nobody.</param>
    /// <exception cref="IOException">It can't be read.</exception>
    public static AuditChain Read(string path, AuditSeal seals, Action<byte[]>? see = null)
    {
        using var file = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var check = new Check(seals, see);
        var buffer = new byte[64 << 10];
        var count = 0;
        while (file.Read(buffer, count, buffer.Length - count) is > 0 and var read)
        {
            count += read;
            var taken = check.Take(buffer.AsSpan(0, count));
            if (check.Fault is not null) break;
            buffer.AsSpan(taken, count - taken).CopyTo(buffer);
            count -= taken;
            if (count < buffer.Length) continue;
            if (count >= LineBytesMax)
            {
                check.Fault = (check.LineCount + 1, "it is longer than any line of the audit log");
                break;
            }

            Array.Resize(ref buffer, buffer.Length * 2);
        }

        var torn = check.Fault is null ? buffer[..count] : [];
        return new AuditChain(check.LineCount, check.Before, check.Last, torn, check.Fault);
    }

    /// <summary>Goes through the lines.</summary>
    private sealed class Check(AuditSeal seals, Action<byte[]>? see)
    {
        // A line without a seal, with its end: a crash, if the next line says so.
        private byte[] _between = [];
        private long _unsealedLine;

        public long LineCount { get; private set; }

        public byte[] Before { get; private set; } = AuditSeal.None;

        public byte[] Last { get; private set; } = AuditSeal.None;

        public (long Line, string What)? Fault { get; set; }

        /// <returns>How much of it were whole lines.</returns>
        public int Take(ReadOnlySpan<byte> bytes)
        {
            var taken = 0;
            while (Fault is null && bytes[taken..].IndexOf((byte)'\n') is >= 0 and var length)
            {
                TakeLine(bytes.Slice(taken, length));
                taken += length + 1;
            }

            return taken;
        }

        private void TakeLine(ReadOnlySpan<byte> line)
        {
            var number = LineCount + (_unsealedLine == 0 ? 1 : 2);
            if (!AuditSeal.TrySplit(line, out var content, out var seal))
            {
                if (_unsealedLine != 0 || number == 1) Fault = (Math.Max(1, _unsealedLine), "it has no seal");
                _unsealedLine = number;
                _between = [.. line, (byte)'\n'];
                return;
            }

            var kind = KindOf(content, out var before);
            if (number == 1)
            {
                if (kind != AuditEvents.FileBegun.Id || !AuditSeal.TryParse(before, out var seen))
                {
                    Fault = (number, "the beginning of the file is missing");
                    return;
                }

                Before = Last = seen;
            }

            if (_unsealedLine != 0 && kind != AuditEvents.LineTorn.Id)
                Fault = (_unsealedLine, "it has no seal");
            else if (!seals.Compute(Last, _between, content).AsSpan().SequenceEqual(seal))
                Fault = (number, "it does not fit the line before: something was changed, or the key is another");
            if (Fault is not null) return;
            (Last, LineCount) = (seal, number);
            (_between, _unsealedLine) = ([], 0);
            see?.Invoke(seal);
        }

        /// <summary>0 for what is no entry.</summary>
        private static int KindOf(ReadOnlySpan<byte> content, out string before)
        {
            before = "";
            try
            {
                using var json = JsonDocument.Parse((byte[])[.. content, (byte)'}']);
                if (json.RootElement.TryGetProperty("before", out var seen)) before = seen.GetString() ?? "";
                return json.RootElement.GetProperty("id").GetInt32();
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
                or FormatException)
            {
                return 0;
            }
        }
    }
}
