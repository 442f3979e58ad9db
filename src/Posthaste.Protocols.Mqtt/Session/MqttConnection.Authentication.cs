using System.Text;
using Posthaste.Broker.Security.Sasl;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;
using Posthaste.Protocols.Mqtt.Wire.Properties;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// Enhanced authentication (section 4.12): the method is the name of a SASL mechanism, and what AUTH packets carry are
/// its challenges and responses.
/// </summary>
internal sealed partial class MqttConnection
{
    private ReadOnlyMemory<byte> _proof;

    private void BeginAuthentication(string method, ReadOnlySpan<byte> response)
    {
        _authentication = Broker.Authenticator.Begin(method, Transport);
        if (_authentication is null)
        {
            var error = new WireError(ReasonCode.BadAuthenticationMethod, $"authentication method '{method}'");
            if (_state == ConnectionState.Running)
                Fail(error);
            else
                RefuseConnect(error);
            return;
        }

        if (_state == ConnectionState.AwaitingConnect)
            _state = ConnectionState.Authenticating;
        Authenticate(response);
    }

    private void Authenticate(ReadOnlySpan<byte> response) =>
        Await(_authentication!.NextAsync(response.ToArray()), TakeStep);

    private void TakeStep(SaslStep step)
    {
        if (step.IsChallenge)
        {
            SendAuth(ReasonCode.ContinueAuthentication, step.Data.Span);
            return;
        }

        _authentication = null;
        if (_state == ConnectionState.Running)
        {
            EndReauthentication(step);
            return;
        }

        if (step.User is not { } user)
        {
            MqttLog.LoginRefused(Log, Peer, step.ClaimedName, step.Reason!);
            RefuseConnect(step.IsMalformed
                ? WireError.Protocol("authentication data that is none of the method")
                : new WireError(ReasonCode.NotAuthorized, "the login was refused"));
            return;
        }

        // Goes out with CONNACK (section 4.12).
        _proof = step.Data;
        EnterHost(user, HostOf(_request!));
    }

    /// <summary>A client that proves itself again has to be the same, or it is gone [MQTT-4.12.1-2].</summary>
    private void EndReauthentication(in SaslStep step)
    {
        if (step.User is { } user && Opened.TryRenew(user))
        {
            SendAuth(ReasonCode.Success, step.Data.Span);
            return;
        }

        MqttLog.LoginRefused(Log, Peer, step.ClaimedName, step.Reason ?? "another user than before");
        Fail(new WireError(ReasonCode.NotAuthorized, "the login was refused"));
    }

    private void HandleAuth(Packet packet)
    {
        if (!Auth.TryRead(packet, Version, out var auth, out var error))
        {
            FailInAnyState(error);
            return;
        }

        var method = Encoding.UTF8.GetString(auth.Properties.Bytes(PropertyId.AuthenticationMethod));
        var data = auth.Properties.Bytes(PropertyId.AuthenticationData);
        if (_request?.Method is null || method != _request.Method) // [MQTT-4.12.0-5], [MQTT-4.12.1-1]
            FailInAnyState(WireError.Protocol("AUTH with another method than CONNECT's"));
        else if (auth.Code == ReasonCode.ContinueAuthentication && _authentication is not null)
            Authenticate(data);
        else if (auth.Code == ReasonCode.ReAuthenticate && _state == ConnectionState.Running && _authentication is null)
            BeginAuthentication(method, data);
        else
            FailInAnyState(WireError.Protocol($"AUTH with {auth.Code} where it has no meaning"));
    }

    private void FailInAnyState(WireError error)
    {
        if (_state == ConnectionState.Running)
            Fail(error);
        else
            RefuseConnect(error);
    }

    private void SendAuth(ReasonCode code, ReadOnlySpan<byte> data)
    {
        var method = Encoding.UTF8.GetBytes(_request!.Method!);
        var writer = new PropertyWriter(
            new byte[PropertyWriter.GetBytes(method) + PropertyWriter.GetBytes(data)]);
        writer.Bytes(PropertyId.AuthenticationMethod, method);
        if (!data.IsEmpty)
            writer.Bytes(PropertyId.AuthenticationData, data);
        Output.SendPacket(new Auth { Code = code, Properties = writer.List });
    }
}
