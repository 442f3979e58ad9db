#:property PublishAot=false

// Runs every test of the project: `dotnet run eng/test.cs`.
//
// Installs the foreign clients that the interop suites need where it may (root on a Debian), says what is missing and
// so will be skipped, builds Release, runs each test project alone (two cores do not measure well what they share) and
// ends with one line: `N passed, N failed`, and `, N skipped` where some were. Exits with 1 unless everything passed.

using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

string root = Path.GetDirectoryName(Path.GetDirectoryName(SourcePath()))!;
Directory.SetCurrentDirectory(root);
InstallForeignClients();

Console.WriteLine("\n== Build");
if (Run("dotnet", ["build", "Posthaste.slnx", "-c", "Release", "-v", "q", "--nologo"]).ExitCode != 0)
{
    Console.WriteLine("The build failed, so no test ran.");
    Console.WriteLine("0 passed, 1 failed");
    return 1;
}

var total = new Tally();
string[] projects =
[
    .. Directory.GetFiles("tests", "*.Tests.csproj", SearchOption.AllDirectories).Order(),
    "samples/EmbeddedTests/EmbeddedTests.csproj",
];
foreach (string project in projects)
{
    Console.WriteLine($"\n== {Path.GetFileNameWithoutExtension(project)}");
    total.Add(Test(project));
}

Console.WriteLine();
foreach ((string reason, int count) in total.SkipReasons.OrderByDescending(entry => entry.Value))
    Console.WriteLine($"skipped {count}: {reason}");
Console.WriteLine(
    $"{total.PassedCount} passed, {total.FailedCount} failed"
    + (total.SkippedCount > 0 ? $", {total.SkippedCount} skipped" : ""));
return total.FailedCount == 0 && total.PassedCount > 0 ? 0 : 1;

static Tally Test(string project)
{
    (int exitCode, string[] lines) = Run("dotnet", ["test", "--project", project, "-c", "Release", "--no-build"]);
    var tally = new Tally
    {
        PassedCount = Count(lines, "succeeded"),
        FailedCount = Count(lines, "failed"),
        SkippedCount = Count(lines, "skipped"),
    };
    for (int i = 0; i + 1 < lines.Length; i++)
    {
        if (lines[i].StartsWith("skipped ", StringComparison.Ordinal))
            tally.SkipReasons[lines[i + 1].Trim()] = tally.SkipReasons.GetValueOrDefault(lines[i + 1].Trim()) + 1;
    }
    // A project that ended badly without naming a failed test has crashed, or has no tests: both are failures.
    if (exitCode != 0 && tally.FailedCount == 0)
        tally.FailedCount = 1;
    return tally;
}

// A number of the summary that ends the output of `dotnet test`, such as `  succeeded: 42`.
static int Count(string[] lines, string name) => lines
    .Select(line => Regex.Match(line, $@"^\s+{name}: (\d+)$"))
    .Where(match => match.Success)
    .Select(match => int.Parse(match.Groups[1].Value))
    .LastOrDefault();

static void InstallForeignClients()
{
    Console.WriteLine("== Foreign clients");
    (string What, string Package, Func<bool> Present)[] clients =
    [
        ("Node.js (for amqplib, MQTT.js, stompjs, Playwright)", "nodejs", () => Exists("node", "--version")),
        ("npm (for amqplib, MQTT.js, stompjs, Playwright)", "npm", () => Exists("npm", "--version")),
        ("pika", "python3-pika", () => HasModule("pika")),
        ("paho", "python3-paho-mqtt", () => HasModule("paho.mqtt.client")),
        ("stomp.py", "python3-stomp", () => HasModule("stomp")),
        ("rabbitmq-c's amqp-tools", "amqp-tools", () => Exists("amqp-get", "--help")),
        ("mosquitto's clients", "mosquitto-clients", () => Starts("mosquitto_pub", "--version")),
        ("Nagios checks of RabbitMQ", "nagios-plugins-rabbitmq", () => Starts("check_rabbitmq_overview", "--version")),
        ("Chromium (for the console)", "chromium", () => Exists("chromium", "--version")),
    ];
    bool mayInstall = OperatingSystem.IsLinux() && Environment.UserName == "root" && Exists("apt-get", "--version");
    bool isUpdated = false;
    foreach ((string what, string package, Func<bool> present) in clients)
    {
        if (!present() && mayInstall)
        {
            if (!isUpdated)
                AptGet("update", "-q");
            isUpdated = true;
            AptGet("install", "-q", "-y", "--no-install-recommends", package);
        }
        Console.WriteLine(present()
            ? $"{what}: installed"
            : $"{what}: not installed, so its checks are skipped (Debian: apt-get install {package})");
    }
    FetchRabbitMqAdmin(mayInstall);
}

// The one file of Debian's rabbitmq-server that the tests run. The package itself would start a broker.
static void FetchRabbitMqAdmin(bool mayFetch)
{
    string directory = Path.GetFullPath("artifacts/tools");
    string tool = Path.Combine(directory, "rabbitmqadmin");
    if (!File.Exists(tool) && mayFetch)
    {
        Directory.CreateDirectory(directory);
        Run("sh", ["-c", $"""
            cd "$(mktemp -d)" && chmod 755 . && apt-get download rabbitmq-server &&
            dpkg-deb -x rabbitmq-server_*.deb x &&
            cp "$(find x -path '*/cli/rabbitmqadmin' | head -1)" '{tool}'; rm -rf "$PWD"
            """], isQuiet: true);
    }
    Console.WriteLine(File.Exists(tool) || Directory.Exists("/usr/lib/rabbitmq/lib")
        ? "rabbitmqadmin: there"
        : "rabbitmqadmin: not there, so its checks are skipped (it is in Debian's rabbitmq-server)");
}

static void AptGet(params string[] arguments) => Run(
    "env", ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300", .. arguments], isQuiet: true);

static bool HasModule(string module) =>
    Exists("python3", "-c", $"import {module}") || Exists("/usr/bin/python3", "-c", $"import {module}");

static bool Exists(string program, params string[] arguments) => ExitCode(program, arguments) == 0;

// For programs whose exit code says nothing.
static bool Starts(string program, params string[] arguments) => ExitCode(program, arguments) is not null;

// Null when there is no such program.
static int? ExitCode(string program, string[] arguments)
{
    try
    {
        return Run(program, arguments, isQuiet: true).ExitCode;
    }
    catch (Win32Exception)
    {
        return null;
    }
}

// Runs a program to its end without standard input, passing on what it prints unless `isQuiet`.
static (int ExitCode, string[] Lines) Run(string program, string[] arguments, bool isQuiet = false)
{
    List<string> lines = [];
    var start = new ProcessStartInfo(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["DOTNET_NOLOGO"] = "1" },
    };
    using var process = new Process { StartInfo = start };
    process.OutputDataReceived += (_, line) => Keep(line.Data);
    process.ErrorDataReceived += (_, line) => Keep(line.Data);
    process.Start();
    process.StandardInput.Close();
    process.BeginOutputReadLine();
    process.BeginErrorReadLine();
    process.WaitForExit();
    return (process.ExitCode, [.. lines]);

    void Keep(string? line)
    {
        if (line is null)
            return;
        lock (lines)
            lines.Add(line);
        if (!isQuiet)
            Console.WriteLine(line);
    }
}

static string SourcePath([CallerFilePath] string path = "") => path;

internal sealed class Tally
{
    public int PassedCount { get; set; }

    public int FailedCount { get; set; }

    public int SkippedCount { get; set; }

    public Dictionary<string, int> SkipReasons { get; } = [];

    public void Add(Tally other)
    {
        PassedCount += other.PassedCount;
        FailedCount += other.FailedCount;
        SkippedCount += other.SkippedCount;
        foreach ((string reason, int count) in other.SkipReasons)
            SkipReasons[reason] = SkipReasons.GetValueOrDefault(reason) + count;
    }
}
