using Posthaste.Protocols.Amqp091.Wire;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

public sealed class ProtocolHeaderTests
{
    [Theory]
    [InlineData("414d515000000901", ProtocolHeaderKind.Amqp091)]
    [InlineData("414d515001010009", ProtocolHeaderKind.Amqp09)]
    [InlineData("414d515000010000", ProtocolHeaderKind.Amqp10)]
    [InlineData("414d515002010000", ProtocolHeaderKind.Amqp10Tls)]
    [InlineData("414d515003010000", ProtocolHeaderKind.Amqp10Sasl)]
    [InlineData("414d515001010800", ProtocolHeaderKind.AmqpOther)]
    [InlineData("414d515000000900", ProtocolHeaderKind.AmqpOther)]
    [InlineData("160301020001", ProtocolHeaderKind.TlsClientHello)]
    [InlineData("474554202f20485454502f312e31", ProtocolHeaderKind.Http)]
    [InlineData("504f5354202f", ProtocolHeaderKind.Http)]
    [InlineData("505554202f", ProtocolHeaderKind.Http)]
    [InlineData("101000044d515454", ProtocolHeaderKind.Unknown)]
    [InlineData("414d5158", ProtocolHeaderKind.Unknown)]
    [InlineData("16ff", ProtocolHeaderKind.Unknown)]
    [InlineData("474f", ProtocolHeaderKind.Unknown)]
    public void The_first_octets_tell_the_protocol_and_no_part_of_them_tells_another(
        string hex, ProtocolHeaderKind expected)
    {
        var octets = Convert.FromHexString(hex);
        Assert.Equal(expected, ProtocolHeader.Detect(octets));
        for (var length = 0; length < octets.Length; length++)
        {
            var early = ProtocolHeader.Detect(octets.AsSpan(0, length));
            Assert.True(early == ProtocolHeaderKind.NeedMore || early == expected, $"{length} octets say {early}");
        }
    }

    [Fact]
    public void The_own_header_is_detected_as_such()
    {
        Assert.Equal(ProtocolHeader.SizeBytes, ProtocolHeader.Amqp091.Length);
        Assert.Equal(ProtocolHeaderKind.Amqp091, ProtocolHeader.Detect(ProtocolHeader.Amqp091));
    }
}
