using System.Text;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Tests.Wire;

/// <summary>A frame out of the buffer that it was scanned in, for comparison.</summary>
internal sealed record ScannedFrame(string Command, string Headers, string Body)
{
    public static readonly FrameLimits Limits = new(HeadBytesMax: 1024, HeadersMax: 20, BodyBytesMax: 256);

    /// <summary>All frames of the bytes, as a session that gets them in these pieces finds them.</summary>
    public static List<ScannedFrame> ScanAll(byte[] bytes, StompVersion version, params int[] cuts)
    {
        var frames = new List<ScannedFrame>();
        var start = 0;
        foreach (var end in (int[])[.. cuts, bytes.Length])
        {
            while (true)
            {
                start += FrameScanner.CountNoise(bytes.AsSpan(start..end));
                var status = FrameScanner.Scan(
                    bytes.AsSpan(start..end), version, Limits, out var frame, out var count, out var error);
                Assert.True(status != ScanStatus.Error, error.Detail);
                if (status != ScanStatus.Whole)
                    break;
                frames.Add(Of(frame));
                start += count;
            }
        }

        Assert.Equal(bytes.Length, start);
        return frames;
    }

    public static ScannedFrame Of(scoped in StompFrame frame)
    {
        var headers = new StringBuilder();
        foreach (var line in new HeaderLines(frame.Headers))
            headers.Append(Text(line.Name)).Append(':').Append(Text(line.Value)).Append(';');
        return new(frame.Command.WireName(), headers.ToString(), Text(frame.Body));
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
