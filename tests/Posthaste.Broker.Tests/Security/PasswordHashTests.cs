using System.Security.Cryptography;
using Posthaste.Broker.Security.Passwords;

namespace Posthaste.Broker.Tests.Security;

public sealed class PasswordHashTests
{
    // The example of RabbitMQ's documentation: salt 908DC60A, password "test12".
    private const string Documented = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR";

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("rabbit_password_hashing_sha256")]
    public void The_documented_hash_of_rabbitmq_is_recognised(string? algorithm)
    {
        Assert.True(PasswordHash.TryParse(algorithm, Documented, out var hash, out _));
        Assert.True(hash.Verify("test12"));
        Assert.False(hash.Verify("test13"));
        Assert.False(hash.Verify(""));
        Assert.Equal(("rabbit_password_hashing_sha256", Documented), (hash.Algorithm, hash.Text));
    }

    [Theory]
    [InlineData("rabbit_password_hashing_sha512")]
    [InlineData("rabbit_password_hashing_md5")]
    public void Other_functions_of_rabbitmq_are_recognised(string algorithm)
    {
        byte[] salted = [1, 2, 3, 4, .. "pässword"u8];
#pragma warning disable CA5351 // Old definition files have it.
        var digest = algorithm == "rabbit_password_hashing_md5" ? MD5.HashData(salted) : SHA512.HashData(salted);
#pragma warning restore CA5351
        var text = Convert.ToBase64String([1, 2, 3, 4, .. digest]);
        Assert.True(PasswordHash.TryParse(algorithm, text, out var hash, out _));
        Assert.True(hash.Verify("pässword"));
        Assert.False(hash.Verify("password"));
        Assert.Equal((algorithm, text), (hash.Algorithm, hash.Text));
    }

    [Theory]
    [InlineData("rabbit_password_hashing_sha256", "kI3GCqW5")]
    [InlineData("rabbit_password_hashing_sha512", Documented)]
    [InlineData("rabbit_password_hashing_sha256", "not base64!")]
    [InlineData("scram", Documented)]
    [InlineData("scram", "SCRAM-SHA-512$100:AAAA$AAAA:AAAA")]
    [InlineData("scram", "SCRAM-SHA-1$4096:AAAA$AAAA:AAAA")]
    public void What_is_no_hash_of_the_algorithm_is_refused(string algorithm, string text)
    {
        Assert.False(PasswordHash.TryParse(algorithm, text, out _, out var fault));
        Assert.Equal($"the password hash is none of algorithm '{algorithm}'", fault);
    }

    // The test vectors of crypt_blowfish 1.3 (public domain), in the revisions that differ in nothing for them.
    [Theory]
    [InlineData("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U")]
    [InlineData("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U")]
    [InlineData("$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U")]
    [InlineData("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*")]
    [InlineData("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U")]
    [InlineData("$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored")]
    public void Bcrypt_as_in_lavinmq_is_recognised(string text, string password)
    {
        Assert.True(PasswordHash.TryParse("lavinmq_bcrypt", text, out var hash, out _));
        Assert.True(hash.Verify(password));
        Assert.False(hash.Verify(password[1..]));
        Assert.Equal(("lavinmq_bcrypt", text), (hash.Algorithm, hash.Text));
    }

    [Theory]
    [InlineData("$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "the password hash has the bcrypt cost 31; it has to be 4 to 15")]
    [InlineData("$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "the password hash has the bcrypt cost 3; it has to be 4 to 15")]
    [InlineData("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe", null)]
    [InlineData("$2b$-5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", null)]
    [InlineData("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", null)]
    [InlineData("$2b$05$CCCCCCCCCCCCCCCCCCCC=.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", null)]
    [InlineData(Documented, null)]
    public void Bcrypt_that_is_none_or_would_take_hours_is_refused(string text, string? expected)
    {
        Assert.False(PasswordHash.TryParse("lavinmq_bcrypt", text, out _, out var fault));
        Assert.Equal(expected ?? "the password hash is none of algorithm 'lavinmq_bcrypt'", fault);
    }

    [Fact]
    public void An_unknown_algorithm_is_named()
    {
        Assert.False(PasswordHash.TryParse("rot13", Documented, out _, out var fault));
        Assert.Equal("unknown hashing algorithm 'rot13'", fault);
    }

    [Fact]
    public void A_new_hash_is_slow_salted_and_reads_back()
    {
        var hash = PasswordHash.Create("secret", RandomNumberGenerator.Fill);
        var other = PasswordHash.Create("secret", RandomNumberGenerator.Fill);
        Assert.NotEqual(hash.Text, other.Text);
        Assert.True(((ScramCredential)hash).Iterations >= 210_000);
        Assert.True(PasswordHash.TryParse(hash.Algorithm, hash.Text, out var read, out _));
        Assert.Equal(hash.Text, read.Text);
        Assert.True(read.Verify("secret"));
        Assert.False(read.Verify("Secret"));
    }

    [Fact]
    public void A_known_login_is_recognised_until_the_password_changes()
    {
        var logins = new KnownLogins(RandomNumberGenerator.Fill);
        var hash = Quick("one");
        Assert.False(logins.Verify("user", "two", hash));
        Assert.False(logins.IsKnown("user", "two", hash));
        Assert.False(logins.IsKnown("user", "one", hash));
        Assert.True(logins.Verify("user", "one", hash));
        Assert.True(logins.IsKnown("user", "one", hash));
        Assert.False(logins.IsKnown("user", "one", Quick("two")));
        Assert.False(logins.Verify("user", "one", Quick("two")));
        Assert.True(logins.Verify("user", "two", Quick("two")));
    }

    private static ScramCredential Quick(string password) =>
        ScramCredential.Create(
            ScramMechanism.Sha256, password, static salt => salt.Fill(7), ScramCredential.IterationsMin);
}
