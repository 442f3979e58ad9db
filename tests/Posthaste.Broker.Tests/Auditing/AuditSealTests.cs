using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker.Auditing;

namespace Posthaste.Broker.Tests.Auditing;

/// <summary>Whether an audit file is what was written can be seen from it.</summary>
public sealed class AuditSealTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("posthaste-seal-").FullName;

    private string File => Path.Combine(_folder, "audit.jsonl");

    private string KeyFile => Path.Combine(_folder, "audit.key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_was_written_fits_over_starts_and_files()
    {
        for (var run = 0; run < 10; run++) await WriteAsync(3, bytesMax: 2_048);
        var files = AuditVerification.WithKept(File);
        Assert.True(files.Count > 2);
        Assert.Equal((File, $"{File}.1"), (files[^1], files[^2]));
        var found = Verify();
        Assert.Null(found.Fault);
        Assert.False(found.IsUnfinished);
        Assert.Equal(30 + files.Count, found.LineCount);
        Assert.EndsWith($"\"{found.LastSeal}\"}}", Lines()[^1], StringComparison.Ordinal);

        // The oldest may be gone, one in the middle may not.
        System.IO.File.Delete(files[0]);
        Assert.Null(Verify().Fault);
        var fault = AuditVerification.Of([files[1], files[3]], key: null).Fault!;
        Assert.Equal((files[3], 1), (fault.File, fault.Line));
    }

    public static TheoryData<string, int> Changes => new()
    {
        { "change", 4 }, { "remove", 4 }, { "insert", 4 }, { "swap", 4 }, { "unseal", 4 }, { "first", 1 },
        { "cut the middle", 4 }, { "empty line", 4 },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task The_first_line_that_does_not_fit_is_named(string change, int line)
    {
        await WriteAsync(6);
        var lines = Lines();
        switch (change)
        {
            case "change": lines[3] = lines[3].Replace("user2", "eve", StringComparison.Ordinal); break;
            case "remove": lines.RemoveAt(3); break;
            case "insert": lines.Insert(3, lines[4]); break;
            case "swap": (lines[3], lines[4]) = (lines[4], lines[3]); break;
            case "unseal": lines[3] = lines[3][..lines[3].IndexOf(",\"seal\"", StringComparison.Ordinal)] + "}"; break;
            case "first": lines.RemoveAt(0); break;
            case "cut the middle": lines[3] = lines[3][..20]; break;
            case "empty line": lines.Insert(3, ""); break;
        }

        await System.IO.File.WriteAllLinesAsync(File, lines);
        Assert.Equal(line, Verify().Fault!.Line);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(-2)]
    public async Task A_line_that_a_crash_has_cut_off_is_none_that_was_changed(int keptBytes)
    {
        await WriteAsync(3);
        var bytes = await System.IO.File.ReadAllBytesAsync(File);
        var start = bytes.AsSpan(..^1).LastIndexOf((byte)'\n') + 1;
        var kept = keptBytes > 0 ? start + keptBytes : bytes.Length + keptBytes;
        await System.IO.File.WriteAllBytesAsync(File, bytes[..kept]);
        var torn = Verify();
        Assert.Null(torn.Fault);
        Assert.Equal((true, 3L), (torn.IsUnfinished, torn.LineCount));

        await WriteAsync(2);
        var found = Verify();
        Assert.Null(found.Fault);
        Assert.Equal((false, 7L), (found.IsUnfinished, found.LineCount));
        Assert.Contains("\"LineTorn\"", Lines()[4], StringComparison.Ordinal);

        // What is left of the line is sealed, too.
        var lines = Lines();
        lines[3] += "x";
        await System.IO.File.WriteAllLinesAsync(File, lines);
        Assert.Equal(5, Verify().Fault!.Line);
    }

    [Fact]
    public async Task With_a_key_nobody_without_it_makes_seals()
    {
        var key = Encoding.ASCII.GetBytes("a secret of thirty-two bytes, or more");
        await System.IO.File.WriteAllBytesAsync(KeyFile, key);
        await WriteAsync(3, isKeyed: true);
        Assert.Null(AuditVerification.Of([File], key).Fault);
        Assert.Equal(1, Verify().Fault!.Line);
        key[0]++;
        Assert.Equal(1, AuditVerification.Of([File], key).Fault!.Line);
        Assert.DoesNotContain("secret", await System.IO.File.ReadAllTextAsync(File), StringComparison.Ordinal);

        // Another key is another file.
        await System.IO.File.WriteAllBytesAsync(KeyFile, key);
        await WriteAsync(1, isKeyed: true);
        Assert.Null(AuditVerification.Of([File], key).Fault);
        Assert.True(System.IO.File.Exists($"{File}.1"));

        await System.IO.File.WriteAllBytesAsync(KeyFile, key[..31]);
        Assert.Contains(
            "31 bytes", Assert.Throws<ArgumentException>(() => Open(isKeyed: true)).Message, StringComparison.Ordinal);
        System.IO.File.Delete(KeyFile);
        Assert.Throws<ArgumentException>(() => Open(isKeyed: true));
    }

    [Fact]
    public async Task A_seal_that_is_known_shows_that_the_end_was_cut_off()
    {
        await WriteAsync(6);
        var known = Verify().LastSeal;
        await WriteAsync(2);
        Assert.Null(AuditVerification.Of([File], key: null, known).Fault);
        await System.IO.File.WriteAllLinesAsync(File, Lines()[..4]);
        Assert.Null(Verify().Fault);
        Assert.Contains(known, AuditVerification.Of([File], key: null, known).Fault!.What, StringComparison.Ordinal);
    }

    /// <summary>Such as one of a version without seals.</summary>
    [Theory]
    [InlineData("{\"at\":\"2026-01-01T00:00:00+00:00\",\"id\":3001,\"event\":\"LoginSucceeded\"}\n")]
    [InlineData("no json")]
    public async Task A_file_that_does_not_fit_is_kept_and_a_new_one_begun(string text)
    {
        await System.IO.File.WriteAllTextAsync(File, text);
        await WriteAsync(2);
        Assert.Equal(text, await System.IO.File.ReadAllTextAsync($"{File}.1"));
        Assert.Null(AuditVerification.Of([File], key: null).Fault);
        Assert.Equal(1, Verify().Fault!.Line);
    }

    [Fact]
    public async Task A_first_line_that_a_crash_has_cut_off_is_nothing()
    {
        await System.IO.File.WriteAllTextAsync(File, "{\"at\":\"2026-01-01T00");
        await WriteAsync(2);
        Assert.Null(Verify().Fault);
        Assert.False(System.IO.File.Exists($"{File}.1"));
    }

    [Fact]
    public async Task A_file_that_somebody_truncates_begins_anew_where_the_chain_was()
    {
        var audit = Open();
        Add(audit, "before");
        await WaitForAsync("before");
        var moved = Path.Combine(_folder, "moved");
        System.IO.File.Copy(File, moved);
        using (var file = new FileStream(File, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) file.SetLength(0);
        Add(audit, "after");
        await audit.DisposeAsync();
        Assert.Null(AuditVerification.Of([moved, File], key: null).Fault);
    }

    private static void Add(AuditLog audit, string user) =>
        audit.Write(AuditEvents.UserChanged, user, from: null, "PUT /api/users/x");

    private async Task WaitForAsync(string text)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!(await ReadSharedAsync()).Contains(text, StringComparison.Ordinal)) await Task.Delay(5, deadline.Token);
    }

    private async Task<string> ReadSharedAsync()
    {
        using var file = new FileStream(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync();
    }

    private AuditVerification Verify() => AuditVerification.Of(AuditVerification.WithKept(File), key: null);

    private List<string> Lines() => [.. System.IO.File.ReadAllLines(File)];

    private async Task WriteAsync(int count, long bytesMax = 1 << 20, bool isKeyed = false)
    {
        var audit = Open(bytesMax, isKeyed);
        for (var i = 0; i < count; i++) Add(audit, $"user{i}");
        await audit.DisposeAsync();
    }

    private AuditLog Open(long bytesMax = 1 << 20, bool isKeyed = false) => new(
        new AuditOptions
        {
            File = File,
            FileBytesMax = bytesMax,
            KeptFilesMax = 100,
            KeyFile = isKeyed ? KeyFile : null,
        },
        TimeProvider.System, NullLoggerFactory.Instance);
}
