using System.Collections.Concurrent;
using Posthaste.Broker.Security.Access;

namespace Posthaste.Broker.Security.Remote;

/// <summary>
/// What a user may do whom a service knows: it is asked when something is done for the first time, and again when its
/// answer is outdated. Whether a virtual host may be entered is asked when that is done, and holds for the connection.
/// </summary>
internal sealed class RemoteGrants(HttpBackend backend, string user, string tags, string ip) : IUserGrants
{
    private readonly ConcurrentDictionary<string, bool> _entered = new(StringComparer.Ordinal);

    public bool AsksElsewhere => true;

    public async ValueTask PrepareAsync(string virtualHost)
    {
        // Never at once: what follows is the first thing that may wait for an answer, and has to be where it may.
        await Task.Yield();
        _entered[virtualHost] = await backend.MayEnterAsync(user, virtualHost, ip, tags).ConfigureAwait(false);
    }

    public AccessRules RulesFor(string virtualHost) => new(new HostGrants(this, virtualHost));

    private sealed class HostGrants(RemoteGrants owner, string host) : IAccessGrants
    {
        public bool MayEnter => owner._entered.GetValueOrDefault(host);

        public bool IsFull => false;

        public bool IsFixed => false;

        public bool May(AccessKind kind, AccessTarget target, string name) => Wait(owner.Backend.MayUseAsync(
            owner.User, host, target == AccessTarget.Queue ? "queue" : "exchange", name, NameOf(kind), owner.Tags));

        public bool MayUseKey(AccessKind kind, string exchange, string routingKey, TopicClient client) =>
            Wait(owner.Backend.MayUseKeyAsync(
                owner.User, host, exchange, NameOf(kind), owner.Tags, routingKey, client.Id ?? ""));

        private static string NameOf(AccessKind kind) => kind switch
        {
            AccessKind.Configure => "configure",
            AccessKind.Write => "write",
            _ => "read",
        };

        /// <remarks>
        /// Commands are checked where they are carried out, which is no place to leave and come back to. So sessions of
        /// such users are read on threads that may wait (<see cref="WaitingThreads"/>); answers that are known cost
        /// nothing here.
        /// </remarks>
#pragma warning disable VSTHRD002 // Waits on purpose, on a thread that is for that.
        private static bool Wait(ValueTask<bool> answer) =>
            answer.IsCompletedSuccessfully ? answer.Result : answer.AsTask().GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }

    private HttpBackend Backend => backend;

    private string User => user;

    private string Tags => tags;
}
