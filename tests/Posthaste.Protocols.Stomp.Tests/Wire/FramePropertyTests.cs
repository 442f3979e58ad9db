using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Tests.Wire;

public sealed class FramePropertyTests
{
    private static readonly string[] Commands = ["SEND", "ACK", "NACK", "SUBSCRIBE", "BEGIN", "COMMIT", "DISCONNECT"];

    private static Arbitrary<ScannedFrame[]> Frames => Gen.ArrayOf(
        from command in Gen.Elements(Commands)
        from headers in Gen.ListOf(Gen.Two(Gen.Elements("id", "x", "receipt", "transaction", "long-name")))
        from body in command == "SEND" ? Gen.ArrayOf(Gen.Choose(0, 255), 40) : Gen.Constant(Array.Empty<int>())
        select new ScannedFrame(
            command,
            string.Concat(headers.Take(10).Select(pair => $"{pair.Item1}:{pair.Item2};"))
                + $"content-length:{body.Length};",
            Encoding.Latin1.GetString([.. body.Select(octet => (byte)octet)]))).ToArbitrary();

    [Fact]
    public void What_is_written_is_read_back_wherever_it_is_cut() => Prop.ForAll(Frames, frames =>
    {
        var bytes = frames.SelectMany(Encode).ToArray();
        var expected = frames.Select(frame => frame with { Body = Utf8(frame.Body) });
        foreach (var cut in Enumerable.Range(0, int.Min(bytes.Length, 64)).Append(bytes.Length / 2))
            Assert.Equal(expected, ScannedFrame.ScanAll(bytes, StompVersion.V12, cut));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bytes_at_all_are_answered() => Prop.ForAll<byte[], int>((garbage, seed) =>
    {
        byte[] bytes = seed % 2 == 0 ? garbage : [.. "SEND\nreceipt:r\n"u8, .. garbage];
        foreach (var version in Enum.GetValues<StompVersion>())
        {
            var rest = bytes.AsSpan();
            while (!rest.IsEmpty)
            {
                rest = rest[FrameScanner.CountNoise(rest)..];
                var status = FrameScanner.Scan(
                    rest, version, ScannedFrame.Limits, out var frame, out var count, out var error);
                Assert.Equal(status == ScanStatus.Error, error.IsError);
                if (status != ScanStatus.NeedMore && frame.Has(KnownHeader.Receipt))
                    Assert.Equal("r"u8, frame.Raw(KnownHeader.Receipt));
                if (status != ScanStatus.Whole)
                    break;
                rest = rest[count..];
            }
        }
    }).QuickCheckThrowOnFailure();

    private static IEnumerable<byte> Encode(ScannedFrame frame) =>
    [
        .. Encoding.ASCII.GetBytes(frame.Command + "\n" + frame.Headers.Replace(";", "\n", StringComparison.Ordinal)),
        (byte)'\n', .. Encoding.Latin1.GetBytes(frame.Body), 0,
    ];

    // As ScannedFrame shows bytes.
    private static string Utf8(string latin1) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(latin1));
}
