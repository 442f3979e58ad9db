using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker.Auditing;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Broker.Tests.Security;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Auditing;

/// <summary>What is recorded, where to, and what becomes of what can't be.</summary>
public sealed class AuditLogTests : IDisposable
{
    private readonly AuditRecorder _recorder = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("posthaste-audit-").FullName;

    private static ProtocolConnection From { get; } =
        new(null!, null, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 7), static _ => { }) { Listener = "amqps" };

    private string File => Path.Combine(_folder, "audit.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Ids_are_unique_and_in_their_range()
    {
        Assert.Equal(AuditEvents.All.Count, AuditEvents.All.Select(static entry => entry.Id).Distinct().Count());
        Assert.All(AuditEvents.All, static entry => Assert.InRange(entry.Id, 3_000, 3_099));
        var fields = typeof(AuditEvents).GetFields().Select(static field => (AuditEvent)field.GetValue(null)!);
        Assert.Equal(fields.OrderBy(static entry => entry.Id), AuditEvents.All);
    }

    [Fact]
    public async Task Logins_are_recorded_with_who_from_where_how_and_why_not()
    {
        await using var broker = MessageBroker.Open(new MessageBrokerOptions(), _recorder);
        Login(broker, "guest", "guest");
        Login(broker, "guest\nforged", "secret");
        Assert.Null(broker.Authenticator.Begin("KERBEROS", From));
        var plain = broker.Authenticator.Begin("PLAIN", From)!;
        Assert.NotNull(plain.Next("\0guest\0wrong"u8).Reason);
        Assert.Equal(
        [
            // From elsewhere than this machine guest is refused with the right password, too.
            "LoginFailed: User 'guest', Listener 'amqps', From '192.0.2.1:7', Subject 'PLAIN', "
                + "Detail 'user 'guest' can only connect via localhost'",
            "LoginFailed: User 'guest?forged', Listener 'amqps', From '192.0.2.1:7', Subject 'PLAIN', "
                + "Detail 'invalid credentials'",
            "LoginFailed: Listener 'amqps', From '192.0.2.1:7', Subject 'KERBEROS', "
                + "Detail 'the mechanism is not offered'",
            "LoginFailed: User 'guest', Listener 'amqps', From '192.0.2.1:7', Subject 'PLAIN', "
                + "Detail 'invalid credentials'",
        ], _recorder.Of("LoginFailed"));
        Assert.DoesNotContain(_recorder.Entries, static entry => entry.Text.Contains("secret"));

        var local = new ProtocolConnection(null!, null, null, static _ => { }) { Listener = "amqp" };
        var credentials = new Credentials("PLAIN", "guest", "guest");
        Assert.NotNull(broker.Authenticator.Authenticate(credentials, local, out _));
        Assert.NotNull(broker.Authenticator.Begin("PLAIN", local)!.Next("\0guest\0guest"u8).User);
        Assert.Equal(2, _recorder.Of("LoginSucceeded").Count);
    }

    [Fact]
    public void Refusals_without_end_are_counted_and_the_count_is_said()
    {
        var audit = new AuditLog(new AuditOptions(), TimeProvider.System, _recorder);
        for (var i = 0; i < 150; i++) audit.Write(AuditEvents.AccessDenied, "eve", From, "x");
        audit.Write(AuditEvents.UserChanged, "guest", From, "PUT /api/users/x");
        Assert.Equal(101, _recorder.Entries.Count);
        audit.Tick(999);
        Assert.Equal(101, _recorder.Entries.Count);
        audit.Tick(1_000);
        Assert.Equal("EntriesLost: Subject '50 entries'", Assert.Single(_recorder.Of("EntriesLost")));
        audit.Write(AuditEvents.AccessDenied, "eve", From, "x");
        Assert.Equal(101, _recorder.Of("AccessDenied").Count);
    }

    [Fact]
    public async Task The_file_has_a_json_object_a_line_and_is_appended_to()
    {
        for (var run = 0; run < 2; run++)
        {
            var audit = Open();
            audit.Write(AuditEvents.LoginFailed, "ann \"x\"", From, "PLAIN", "why");
            await audit.DisposeAsync();
        }

        var lines = await System.IO.File.ReadAllLinesAsync(File);
        Assert.Equal(3, lines.Length);
        Assert.Equal("FileBegun", JsonDocument.Parse(lines[0]).RootElement.GetProperty("event").GetString());
        var entry = JsonDocument.Parse(lines[2]).RootElement;
        Assert.Equal(3_002, entry.GetProperty("id").GetInt32());
        Assert.Equal("LoginFailed", entry.GetProperty("event").GetString());
        Assert.Equal("ann \"x\"", entry.GetProperty("user").GetString());
        Assert.Equal("amqps", entry.GetProperty("listener").GetString());
        Assert.Equal("192.0.2.1:7", entry.GetProperty("from").GetString());
        Assert.Equal("PLAIN", entry.GetProperty("subject").GetString());
        Assert.Equal("why", entry.GetProperty("detail").GetString());
        Assert.True(entry.GetProperty("at").TryGetDateTimeOffset(out _));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        }
    }

    [Fact]
    public async Task A_full_file_is_kept_and_the_oldest_goes()
    {
        // A line has some 220 bytes, so each file takes a few; the file is closed after each, to have them one by one.
        for (var i = 0; i < 40; i++)
        {
            var audit = Open(bytesMax: 1_024, keptMax: 2);
            audit.Write(AuditEvents.UserChanged, $"user{i:d2}", From, "x");
            await audit.DisposeAsync();
        }

        Assert.Equal(
            ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"],
            Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        var files = (string[])[$"{File}.2", $"{File}.1", File];
        Assert.All(files, file => Assert.InRange(new FileInfo(file).Length, 1, 1_024));
        Assert.Null(AuditVerification.Of(files, key: null).Fault);
        var users = files.SelectMany(static file => System.IO.File.ReadLines(file).Skip(1))
            .Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("user").GetString()!).ToList();
        Assert.Equal("user39", users[^1]);
        Assert.Equal(users.Order(), users);
        Assert.Equal(users.Count, 40 - int.Parse(users[0][4..], System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task What_the_disk_refuses_is_counted_and_the_file_is_tried_again()
    {
        // A directory in its place: whoever runs the tests, root included, can't write to that.
        var audit = Open();
        System.IO.File.Delete(File);
        Directory.CreateDirectory(File);
        audit.Write(AuditEvents.UserChanged, "ann", From, "x");
        var nowMs = 0L;
        var deadline = DateTime.UtcNow.AddSeconds(60);
        while (_recorder.Of("EntriesLost").Count == 0)
        {
            Assert.True(DateTime.UtcNow < deadline);
            await Task.Yield();
            audit.Tick(nowMs += 1_000);
        }

        Directory.Delete(File);
        audit.Write(AuditEvents.UserChanged, "bob", From, "x");
        await audit.DisposeAsync();
        var text = await System.IO.File.ReadAllTextAsync(File);
        Assert.Contains("bob", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"ann\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_can_not_be_written_ends_the_start()
    {
        var options = new AuditOptions { File = Path.Combine(_folder, "missing", "audit.jsonl") };
        Assert.Throws<ArgumentException>(
            () => new AuditLog(options, TimeProvider.System, NullLoggerFactory.Instance));
    }

    private static void Login(MessageBroker broker, string name, string password) =>
        Assert.Null(broker.Authenticator.Authenticate(new Credentials("PLAIN", name, password), From, out _));

    private AuditLog Open(long bytesMax = 1 << 20, int keptMax = 1) => new(
        new AuditOptions { File = File, FileBytesMax = bytesMax, KeptFilesMax = keptMax },
        TimeProvider.System, _recorder);
}
