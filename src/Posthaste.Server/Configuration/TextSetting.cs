using Posthaste.Broker.Security;

namespace Posthaste.Server.Configuration;

/// <summary>One setting that is no number: a name, a password, yes or no.</summary>
/// <param name="Key">Key under section <c>Posthaste</c>.</param>
/// <param name="Get">Its value as text; empty for none.</param>
/// <param name="Set">Takes the text over; false when it is not one that the setting has.</param>
/// <param name="Values">What it may be, as in "it has to be …".</param>
/// <param name="Meaning">What it is for, for the documentation.</param>
internal sealed record TextSetting(
    string Key,
    Func<PosthasteOptions, string> Get,
    Func<PosthasteOptions, string, bool> Set,
    string Values,
    string Meaning)
{
    private const string AnyOrNone = "a user, or empty";
    private const string Address = "an address of http or https, or empty";

    /// <summary>Every such setting, in the order of the documentation.</summary>
    public static IReadOnlyList<TextSetting> All { get; } =
    [
        Text("AnonymousUser", AnyOrNone,
            o => o.Broker.Authentication.AnonymousUser, (o, v) => o.Broker.Authentication.AnonymousUser = OrNull(v),
            "User of clients that log in with SASL ANONYMOUS; none: they can't."),
        Text("DefaultUser", AnyOrNone,
            o => o.Broker.Authentication.DefaultUser, (o, v) => o.Broker.Authentication.DefaultUser = OrNull(v),
            "Administrator that a new broker begins with in place of `guest`, from everywhere; none: `guest`."),
        Text("DefaultPassword", "a password, or empty",
            o => o.Broker.Authentication.DefaultPassword,
            (o, v) => o.Broker.Authentication.DefaultPassword = OrNull(v),
            "That user's password; none: what is in `DefaultPasswordFile`, or one is made and printed once."),
        Text("DefaultPasswordFile", "a file, or empty",
            o => o.Broker.Authentication.DefaultPasswordFile,
            (o, v) => o.Broker.Authentication.DefaultPasswordFile = OrNull(v),
            "File with that user's password."),
        Text("EncryptionKeyFile", "a file, or empty",
            o => o.Broker.EncryptionKeyFile, (o, v) => o.Broker.EncryptionKeyFile = OrNull(v),
            "File with the key that the data directory is encrypted with (docs/security.md); none: it is not."),
        Text("Audit:File", "a file, or empty",
            o => o.Broker.Audit.File, (o, v) => o.Broker.Audit.File = OrNull(v),
            "File that the audit log is appended to, as JSON lines; none: it is in the log only."),
        Text("Audit:KeyFile", "a file, or empty",
            o => o.Broker.Audit.KeyFile, (o, v) => o.Broker.Audit.KeyFile = OrNull(v),
            "File with a key of 32 bytes or more that the audit log's seals are made with; none: they are plain " +
            "hashes."),
        Text("Definitions", "a file or a directory, or empty",
            o => o.Definitions, (o, v) => o.Definitions = OrNull(v),
            "Definitions taken in at each start: a file, or a directory of `*.json`."),
        Switch("DefinitionsSkipIfUnchanged",
            o => o.DefinitionsSkipIfUnchanged, (o, v) => o.DefinitionsSkipIfUnchanged = v,
            "Whether definitions that were taken in before are left alone until they change."),
        Text("ManagementOrigins", "origins separated by commas, or empty",
            o => string.Join(',', o.ManagementOrigins),
            (o, v) => PosthasteConfiguration.Replace(o.ManagementOrigins, v),
            "Origins of web pages that may use the management API (CORS); `*`: all, without remembered logins."),
        Choice("ClientCertificate:LoginFrom",
            [
                ("common_name", CertificateName.CommonName),
                ("distinguished_name", CertificateName.DistinguishedName),
                ("subject_alternative_name", CertificateName.SubjectAlternativeName),
            ],
            o => o.Broker.Authentication.CertificateName, (o, v) => o.Broker.Authentication.CertificateName = v,
            "What of a client certificate names the user: `common_name`, `distinguished_name` (RFC 4514: " +
            "`CN=ann,O=x`) or `subject_alternative_name`."),
        Choice("ClientCertificate:SanType",
            [
                ("dns", AlternativeNameKind.Dns), ("email", AlternativeNameKind.Email),
                ("uri", AlternativeNameKind.Uri), ("ip", AlternativeNameKind.IpAddress),
            ],
            o => o.Broker.Authentication.AlternativeNameKind,
            (o, v) => o.Broker.Authentication.AlternativeNameKind = v,
            "Which kind of alternative name that is: `dns`, `email`, `uri` or `ip`."),
        new("AuthBackends",
            o => string.Join(',', o.Broker.Authentication.Backends).ToLowerInvariant(),
            (o, v) =>
            {
                var names = List(v);
                if (!names.All(static name => Enum.TryParse<AuthenticationBackend>(name, true, out _))) return false;
                o.Broker.Authentication.Backends = [.. names.Select(
                    static name => Enum.Parse<AuthenticationBackend>(name, ignoreCase: true))];
                return true;
            },
            "internal, http, or both in the order in which they are asked",
            "Who knows users by name and password: `internal`, `http`, or both in the order in which they are asked."),
        Text("HttpAuth:UserPath", Address,
            o => o.Broker.Authentication.Http.UserPath, (o, v) => o.Broker.Authentication.Http.UserPath = OrNull(v),
            "Address that is asked who a user is."),
        Text("HttpAuth:VhostPath", Address,
            o => o.Broker.Authentication.Http.VirtualHostPath,
            (o, v) => o.Broker.Authentication.Http.VirtualHostPath = OrNull(v),
            "Address that is asked whether a user may enter a virtual host."),
        Text("HttpAuth:ResourcePath", Address,
            o => o.Broker.Authentication.Http.ResourcePath,
            (o, v) => o.Broker.Authentication.Http.ResourcePath = OrNull(v),
            "Address that is asked what a user may do with a queue or an exchange."),
        Text("HttpAuth:TopicPath", Address,
            o => o.Broker.Authentication.Http.TopicPath, (o, v) => o.Broker.Authentication.Http.TopicPath = OrNull(v),
            "Address that is asked which routing keys a user may use with a topic exchange; none: all."),
        Choice("HttpAuth:Method", [("get", false), ("post", true)],
            o => o.Broker.Authentication.Http.UsesPost, (o, v) => o.Broker.Authentication.Http.UsesPost = v,
            "`get`, as RabbitMQ's default is, or `post`, which keeps passwords out of a server's log."),
        Text("HttpAuth:Ca", "a file, or empty",
            o => o.Broker.Authentication.Http.AuthorityFile,
            (o, v) => o.Broker.Authentication.Http.AuthorityFile = OrNull(v),
            "Authorities, in PEM, that the service's certificate comes from; none: the system's."),
        Choice("HttpAuth:CacheRefusals", [("false", false), ("true", true)],
            o => o.Broker.Authentication.Http.CachesRefusals,
            (o, v) => o.Broker.Authentication.Http.CachesRefusals = v,
            "Whether refusals are remembered too."),
        new("Events:VirtualHost",
            o => o.Broker.EventVirtualHost,
            (o, v) =>
            {
                if (v.Length == 0) return false;
                o.Broker.EventVirtualHost = v;
                return true;
            },
            "a virtual host",
            "Virtual host whose exchange `amq.rabbitmq.event` has the broker's events."),
        Text("OAuth:Keys", "a file or an address of http or https, or empty",
            o => o.Broker.Authentication.Tokens.Keys, (o, v) => o.Broker.Authentication.Tokens.Keys = OrNull(v),
            "Key set (JWKS) that access tokens are signed with, a file or an address; none: tokens are no logins."),
        Text("OAuth:Issuer", "a text, or empty",
            o => o.Broker.Authentication.Tokens.Issuer, (o, v) => o.Broker.Authentication.Tokens.Issuer = OrNull(v),
            "The `iss` that tokens must have; none: whoever owns the keys."),
        Text("OAuth:ResourceServerId", "a text",
            o => o.Broker.Authentication.Tokens.ResourceServerId,
            (o, v) => o.Broker.Authentication.Tokens.ResourceServerId = OrNull(v),
            "What this broker is called in tokens: one of their `aud`. Required with keys."),
        Text("OAuth:ScopePrefix", "a text, or empty",
            o => o.Broker.Authentication.Tokens.ScopePrefix,
            (o, v) => o.Broker.Authentication.Tokens.ScopePrefix = v,
            "What scopes for this broker begin with; unset: `OAuth:ResourceServerId` and a dot."),
        Text("OAuth:ScopeClaims", "names of claims separated by commas, or empty",
            o => string.Join(',', o.Broker.Authentication.Tokens.ScopeClaims),
            (o, v) => o.Broker.Authentication.Tokens.ScopeClaims = List(v),
            "Claims with scopes beside `scope`."),
        Text("OAuth:UserNameClaims", "names of claims separated by commas, or empty",
            o => string.Join(',', o.Broker.Authentication.Tokens.UserNameClaims),
            (o, v) => o.Broker.Authentication.Tokens.UserNameClaims = List(v),
            "Claims that name the user, before `sub` and `client_id`."),
        .. TelemetryTexts.All,
        Text("Mqtt:AnonymousUser", AnyOrNone,
            o => o.Mqtt.AnonymousUser, (o, v) => o.Mqtt = o.Mqtt with { AnonymousUser = OrNull(v) },
            "User of MQTT clients that name none; none: they are refused."),
        Text("Mqtt:AnonymousPassword", "a password",
            o => o.Mqtt.AnonymousPassword, (o, v) => o.Mqtt = o.Mqtt with { AnonymousPassword = v },
            "The password that goes with it."),
        Choice("Mqtt:Denied", [("answer", false), ("disconnect", true)],
            o => o.Mqtt.DisconnectsDenied, (o, v) => o.Mqtt = o.Mqtt with { DisconnectsDenied = v },
            "What a publish or subscription that is not allowed leads to: `answer`, a reason code (of 3.x only a " +
            "subscription has one), or `disconnect`."),
        Text("Stomp:DefaultLogin", AnyOrNone,
            o => o.Stomp.DefaultLogin, (o, v) => o.Stomp = o.Stomp with { DefaultLogin = OrNull(v) },
            "User of a CONNECT without `login`; none: it is refused."),
        Text("Stomp:DefaultPasscode", "a password",
            o => o.Stomp.DefaultPasscode, (o, v) => o.Stomp = o.Stomp with { DefaultPasscode = v },
            "The passcode that goes with it."),
        new("Stomp:DefaultVirtualHost",
            o => o.Stomp.DefaultVirtualHost,
            (o, v) =>
            {
                if (v.Length == 0) return false;
                o.Stomp = o.Stomp with { DefaultVirtualHost = v };
                return true;
            },
            "a virtual host",
            "Virtual host of a CONNECT without `host`."),
        Switch("Stomp:AcceptsImplicitConnect",
            o => o.Stomp.AcceptsImplicitConnect, (o, v) => o.Stomp = o.Stomp with { AcceptsImplicitConnect = v },
            "Whether a first frame other than CONNECT is taken for one by the default user; no CONNECTED is sent."),
    ];

    /// <summary>The settings as the table of docs/operating.md.</summary>
    public static string ToMarkdown()
    {
        var defaults = new PosthasteOptions();
        var rows = All.Select(setting =>
            $"| `{setting.Key}` | {(setting.Get(defaults) is { Length: > 0 } text ? $"`{text}`" : "none")} " +
            $"| {setting.Meaning} |");
        string[] head = ["| Setting | Default | What it is for |", "|---|---|---|"];
        return string.Join('\n', head.Concat(rows));
    }

    /// <exception cref="PosthasteConfigurationException">The text is none of the setting's values.</exception>
    public void Read(string text, PosthasteOptions options)
    {
        if (Set(options, text)) return;
        throw new PosthasteConfigurationException(
            $"{PosthasteConfiguration.Section}:{Key} is '{text}'; it has to be {Values}");
    }

    private static TextSetting Text(
        string key, string values, Func<PosthasteOptions, string?> get, Action<PosthasteOptions, string> set,
        string meaning) =>
        new(key, o => get(o) ?? "", (o, v) =>
        {
            set(o, v);
            return true;
        }, values, meaning);

    private static TextSetting Switch(
        string key, Func<PosthasteOptions, bool> get, Action<PosthasteOptions, bool> set, string meaning) =>
        new(key, o => get(o) ? "true" : "false", (o, v) =>
        {
            if (!bool.TryParse(v, out var isOn)) return false;
            set(o, isOn);
            return true;
        }, "true or false", meaning);

    private static TextSetting Choice<T>(
        string key, (string Text, T Value)[] values, Func<PosthasteOptions, T> get, Action<PosthasteOptions, T> set,
        string meaning)
        where T : struct => new(
        key,
        o => Array.Find(values, entry => entry.Value.Equals(get(o))).Text,
        (o, v) =>
        {
            var at = Array.FindIndex(values, entry => entry.Text.Equals(v, StringComparison.OrdinalIgnoreCase));
            if (at >= 0) set(o, values[at].Value);
            return at >= 0;
        },
        string.Join(", ", values.Select(static entry => entry.Text)),
        meaning);

    private static string[] List(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string? OrNull(string text) => text.Length > 0 ? text : null;
}
