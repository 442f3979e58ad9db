using System.Security.Cryptography;
using System.Text;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Tests.Session;

/// <summary>A mechanism of several steps goes through secure and secure-ok.</summary>
public sealed class ScramTests
{
    [Theory]
    [InlineData("guest", true)]
    [InlineData("wrong", false)]
    public async Task Scram_takes_two_challenges(string password, bool expected)
    {
        await using var host = new BrokerHost();
        var client = host.Connect();
        await client.SendAsync(ProtocolHeader.Amqp091.ToArray());
        await client.ExpectAsync(MethodId.ConnectionStart);
        await client.SendAsync(0, new ConnectionStartOk
        {
            ClientProperties = Primitives.Tables.FieldTableCodec.Encode(TestClient.AllCapabilities),
            Mechanism = "SCRAM-SHA-256"u8,
            Response = "n,,n=guest,r=client"u8,
            Locale = "en_US"u8,
        });
        Assert.True(ConnectionSecure.TryRead(await client.ExpectAsync(MethodId.ConnectionSecure), out var first));
        var final = Final(Encoding.UTF8.GetString(first.Challenge), password);
        await client.SendAsync(0, new ConnectionSecureOk { Response = Encoding.UTF8.GetBytes(final) });
        if (!expected)
        {
            await client.ExpectConnectionCloseAsync(
                ReplyCode.AccessRefused,
                "ACCESS_REFUSED - Login was refused using authentication mechanism SCRAM-SHA-256. "
                + "For details see the broker logfile.");
            return;
        }

        Assert.True(ConnectionSecure.TryRead(await client.ExpectAsync(MethodId.ConnectionSecure), out var last));
        Assert.StartsWith("v=", Encoding.UTF8.GetString(last.Challenge), StringComparison.Ordinal);
        await client.SendAsync(0, default(ConnectionSecureOk));
        await client.ExpectAsync(MethodId.ConnectionTune);
    }

    private static string Final(string serverFirst, string password)
    {
        var parts = serverFirst.Split(',');
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            password, Convert.FromBase64String(parts[1][2..]), int.Parse(parts[2][2..]), HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var withoutProof = $"c=biws,{parts[0]}";
        var proof = HMACSHA256.HashData(
            SHA256.HashData(clientKey), Encoding.UTF8.GetBytes($"n=guest,r=client,{serverFirst},{withoutProof}"));
        for (var i = 0; i < proof.Length; i++) proof[i] ^= clientKey[i];
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }
}
