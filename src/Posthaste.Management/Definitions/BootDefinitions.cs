using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Auditing;
using Posthaste.Broker.Parameters;
using Posthaste.Broker.Security;
using Posthaste.Management.Http;

namespace Posthaste.Management.Definitions;

/// <summary>Definitions that can't be taken in. The message names the file, and what in it.</summary>
public sealed class DefinitionsException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Definition files that a broker takes in when it starts, before anybody can connect. Read whole before the broker
/// opens its data, so that what is no definition file stops the start before anything has changed.
/// </summary>
public sealed class BootDefinitions
{
    /// <summary>Bytes of all files. 256 MiB: what a million queues take.</summary>
    private const long BytesMax = 256 << 20;

    /// <summary>Who has done it, in the audit log; RabbitMQ's name for itself.</summary>
    private const string User = "rmq-internal";

    private readonly List<(string Path, JsonObject Json)> _files;
    private readonly string _hash;

    private BootDefinitions(List<(string Path, JsonObject Json)> files, string hash)
    {
        _files = files;
        _hash = hash;
    }

    /// <summary>Whether they bring users, so that nobody misses the one of a new broker.</summary>
    public bool HaveUsers => _files.Any(static file => file.Json["users"] is JsonArray { Count: > 0 });

    /// <summary>Reads a file, or all files `*.json` of a directory, which take effect in the order of their
    /// names.</summary>
    /// <exception cref="DefinitionsException">There is none, or one can't be read or is no JSON object.</exception>
    public static BootDefinitions Read(string path)
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var files = new List<(string, JsonObject)>();
            var room = BytesMax;
            foreach (var file in FilesAt(path))
            {
                room -= new FileInfo(file).Length;
                if (room < 0) throw new DefinitionsException($"definitions {path} have more than {BytesMax} bytes");
                files.Add((file, Parse(file, hash)));
            }

            return new BootDefinitions(files, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DefinitionsException($"definitions {path} can't be read: {e.Message}", e);
        }
    }

    /// <summary>Takes them in, durably.</summary>
    /// <param name="broker">Who takes them in; nobody is connected yet.</param>
    /// <param name="skipIfUnchanged">
    /// Not when they are what was taken in last, so that what has been changed since stays.
    /// </param>
    /// <returns>False when they were left out as unchanged.</returns>
    /// <exception cref="DefinitionsException">Something in them is not acceptable.</exception>
    public async Task<bool> ApplyAsync(MessageBroker broker, bool skipIfUnchanged)
    {
        var hash = JsonSerializer.Serialize(_hash);
        if (skipIfUnchanged && broker.Parameters.TryGet(GlobalParameters.ImportedDefinitionsHash, out var last)
            && last == hash)
        {
            return false;
        }

        var import = new DefinitionImport(broker, new BrokerUser(User), only: null);
        foreach (var (path, json) in _files)
        {
            try
            {
                import.Run(json);
            }
            catch (ApiError error)
            {
                throw new DefinitionsException($"definitions {path}: {error.Message}", error);
            }

            broker.Audit.Write(AuditEvents.DefinitionsImported, User, from: null, path);
        }

        var refused = broker.Parameters.Set(GlobalParameters.ImportedDefinitionsHash, hash);
        if (refused is not null || !await broker.WhenDurableAsync().ConfigureAwait(false))
            throw new DefinitionsException($"definitions can't be stored: {refused ?? "the journal has failed"}");
        return true;
    }

    private static string[] FilesAt(string path)
    {
        if (!Directory.Exists(path)) return [path];
        string[] files = [.. Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new DefinitionsException($"definitions {path}: there is no *.json in this directory");
    }

    private static JsonObject Parse(string path, IncrementalHash hash)
    {
        var bytes = File.ReadAllBytes(path);
        hash.AppendData(BitConverter.GetBytes(bytes.LongLength));
        hash.AppendData(bytes);
        try
        {
            return JsonNode.Parse(WithoutMark(bytes)) as JsonObject
                ?? throw new DefinitionsException($"definitions {path}: the file has to be a JSON object");
        }
        catch (JsonException e)
        {
            throw new DefinitionsException($"definitions {path}: the file is no JSON: {e.Message}", e);
        }
    }

    /// <summary>Without the mark that some editors begin UTF-8 with.</summary>
    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
}
