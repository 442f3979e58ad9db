using System.Text.Json.Nodes;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`alarms`: what is wrong with the broker now, with what helps; not in RabbitMQ's API.</summary>
internal sealed class AlarmResource(ListenerTable listeners) : IResource
{
    public void Map(ApiRoutes routes) => routes.Get("alarms", ListAsync)
        .Says("What is wrong with the broker now, and what helps.").Shows("BrokerAlarm[]");

    private Task ListAsync(ApiRequest request) => Json.WriteAsync(
        request.Context,
        new JsonArray([.. BrokerAlarm.All(request.Broker, listeners.Rows).Select(static alarm => alarm.Describe())]));
}
