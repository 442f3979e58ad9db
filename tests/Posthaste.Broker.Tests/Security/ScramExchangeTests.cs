using System.Security.Cryptography;
using System.Text;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Passwords;
using Posthaste.Broker.Security.Sasl;

namespace Posthaste.Broker.Tests.Security;

public sealed class ScramExchangeTests : IScramAccounts
{
    private const string Password = "pencil";
    private const string ClientNonce = "rOprNGfwEbeRWgbNEkqO";

    // RFC 7677 section 3: user "user", password "pencil", this salt, 4096 iterations.
    private static readonly byte[] Salt = Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ==");

    [Fact]
    public void The_keys_of_the_rfc_give_the_signature_of_the_rfc()
    {
        const string authMessage = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        var credential = Credential(ScramMechanism.Sha256);
        var signature = HMACSHA256.HashData(credential.ServerKey, Encoding.ASCII.GetBytes(authMessage));
        Assert.Equal("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", Convert.ToBase64String(signature));
    }

    [Theory]
    [InlineData("SCRAM-SHA-256")]
    [InlineData("SCRAM-SHA-512")]
    public void Who_knows_the_password_gets_in_and_knows_the_server(string name)
    {
        var mechanism = ScramMechanism.Find(name)!;
        var exchange = Exchange(mechanism);
        var first = exchange.Next(Encoding.UTF8.GetBytes($"n,,n=user,r={ClientNonce}"));
        Assert.True(first.IsChallenge);
        var (final, signature) = Answer(mechanism, Text(first), Password, "n,,", "n=user");
        var last = exchange.Next(Encoding.UTF8.GetBytes(final));
        Assert.Equal("user", last.User!.Name);
        Assert.Equal($"v={signature}", Text(last));
    }

    [Fact]
    public void A_wrong_password_is_refused_and_named_for_the_log()
    {
        var exchange = Exchange(ScramMechanism.Sha256);
        var first = exchange.Next(Encoding.UTF8.GetBytes($"n,,n=user,r={ClientNonce}"));
        var (final, _) = Answer(ScramMechanism.Sha256, Text(first), "pen", "n,,", "n=user");
        var last = exchange.Next(Encoding.UTF8.GetBytes(final));
        Assert.Null(last.User);
        Assert.False(last.IsMalformed);
        Assert.Equal(("invalid credentials", "user"), (last.Reason, last.ClaimedName));
    }

    [Fact]
    public void A_header_that_was_changed_on_the_way_is_refused()
    {
        var exchange = Exchange(ScramMechanism.Sha256);
        var first = exchange.Next(Encoding.UTF8.GetBytes($"y,,n=user,r={ClientNonce}"));
        var (final, _) = Answer(ScramMechanism.Sha256, Text(first), Password, "n,,", "n=user");
        var last = exchange.Next(Encoding.UTF8.GetBytes(final));
        Assert.Equal("nonce or channel binding does not match", last.Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("n")]
    [InlineData("p=tls-unique,,n=user,r=abc")]
    [InlineData("n,,r=abc,n=user")]
    [InlineData("n,,n=,r=abc")]
    [InlineData("n,,n=us=er,r=abc")]
    [InlineData("n,,n=user,r=")]
    [InlineData("n,a=other")]
    public void A_first_message_of_another_shape_is_malformed(string message) =>
        Assert.True(Exchange(ScramMechanism.Sha256).Next(Encoding.UTF8.GetBytes(message)).IsMalformed);

    [Theory]
    [InlineData("")]
    [InlineData("c=biws,r=x")]
    [InlineData("c=biws,r=x,p=not base64")]
    [InlineData("c=biws,r=x,p=AAAA")]
    [InlineData("r=x,c=biws,p=AAAA")]
    public void A_final_message_of_another_shape_is_malformed(string message)
    {
        var exchange = Exchange(ScramMechanism.Sha256);
        Assert.True(exchange.Next(Encoding.UTF8.GetBytes($"n,,n=user,r={ClientNonce}")).IsChallenge);
        Assert.True(exchange.Next(Encoding.UTF8.GetBytes(message)).IsMalformed);
    }

    [Fact]
    public void A_name_may_hold_commas_and_equal_signs()
    {
        var exchange = Exchange(ScramMechanism.Sha256);
        var first = exchange.Next(Encoding.UTF8.GetBytes($"n,,n=a=2Cb=3Dc,r={ClientNonce}"));
        var (final, _) = Answer(ScramMechanism.Sha256, Text(first), Password, "n,,", "n=a=2Cb=3Dc");
        Assert.Equal("a,b=c", exchange.Next(Encoding.UTF8.GetBytes(final)).User!.Name);
    }

    public ScramCredential CredentialOf(string user, ScramMechanism mechanism) => Credential(mechanism);

    public BrokerUser? Decide(string user, bool isProven, out string reason)
    {
        reason = isProven ? "" : "invalid credentials";
        return isProven ? new BrokerUser(user) : null;
    }

    private ScramExchange Exchange(ScramMechanism mechanism) => new(mechanism, this, RandomNumberGenerator.Fill);

    private static ScramCredential Credential(ScramMechanism mechanism) =>
        ScramCredential.Create(mechanism, Password, static salt => Salt.CopyTo(salt), 4_096);

    /// <summary>The client's side, written from the RFC: its final message and the signature it expects.</summary>
    private static (string Final, string Signature) Answer(
        ScramMechanism mechanism, string serverFirst, string password, string header, string name)
    {
        var parts = serverFirst.Split(',');
        Assert.StartsWith($"r={ClientNonce}", parts[0], StringComparison.Ordinal);
        var hash = mechanism == ScramMechanism.Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512;
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            password, Convert.FromBase64String(parts[1][2..]), int.Parse(parts[2][2..]), hash, mechanism.HashBytes);
        var clientKey = CryptographicOperations.HmacData(hash, salted, "Client Key"u8.ToArray());
        var withoutProof = $"c={Convert.ToBase64String(Encoding.UTF8.GetBytes(header))},{parts[0]}";
        var auth = Encoding.UTF8.GetBytes($"{name},r={ClientNonce},{serverFirst},{withoutProof}");
        var proof = CryptographicOperations.HmacData(hash, CryptographicOperations.HashData(hash, clientKey), auth);
        for (var i = 0; i < proof.Length; i++) proof[i] ^= clientKey[i];
        var serverKey = CryptographicOperations.HmacData(hash, salted, "Server Key"u8.ToArray());
        var signature = CryptographicOperations.HmacData(hash, serverKey, auth);
        return ($"{withoutProof},p={Convert.ToBase64String(proof)}", Convert.ToBase64String(signature));
    }

    private static string Text(SaslStep step) => Encoding.UTF8.GetString(step.Data.Span);
}
