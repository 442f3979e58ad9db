using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Notes;
using Posthaste.Core.Retained;
using Posthaste.Primitives;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Simulation.Model;
using Posthaste.Storage.Devices;

namespace Posthaste.Simulation;

/// <summary>Virtual hosts that come and go, with all that is in them.</summary>
internal sealed partial class Simulator
{
    private const string TenantQueue = "t";

    private static readonly byte[] TenantQueueName = Encoding.UTF8.GetBytes(TenantQueue);
    private static readonly byte[] LifeKey = Encoding.UTF8.GetBytes("life");

    private readonly ModelTenant[] _tenants = [new("tenant 0"), new("tenant 1")];
    private SeededRandom? _tenantRandom;
    private int _lifeNumber;
    private int _tenantMessageNumber;

    /// <summary>Draws from a row of its own, so that what else a seed does is as it would be without.</summary>
    private SeededRandom TenantRandom => _tenantRandom ??= new SeededRandom(~_options.Seed);

    private void ActTenants()
    {
        if (!TenantRandom.Chance(0.3) || IsOff || !IsWorking) return;
        var tenant = _tenants[TenantRandom.Below(_tenants.Length)];
        if (LifeOf(tenant) is not { } life)
        {
            Make(tenant);
            return;
        }

        var host = _host.Broker.FindVirtualHost(tenant.Name)!;
        if (TenantRandom.Chance(0.12)) Delete(tenant, host, life);
        else PublishTo(tenant, host, life);
    }

    /// <summary>Null also when only a part of its making was recorded: then it is made on.</summary>
    private string? LifeOf(ModelTenant tenant) =>
        _host.Broker.FindVirtualHost(tenant.Name) is { } host && host.Notes.TryGet(LifeKey, out var note)
            ? Encoding.UTF8.GetString(note.Value)
            : null;

    private void Make(ModelTenant tenant)
    {
        VirtualHost host;
        try
        {
            host = _host.Broker.AddVirtualHost(tenant.Name);
        }
        catch (StorageFullException) when (!IsWorking || _host.HasNoRoom || _model.IsDamaged)
        {
            return;
        }

        SimulationFailure.Unless(
            (host.Catalog.QueueCount == 0 && host.Notes.Count == 0 && host.Retained.Count == 0) || _model.IsDamaged,
            $"{tenant.Name} is made and is not empty");
        var life = $"life {++_lifeNumber}";
        if (host.Notes.Set(LifeKey, Encoding.UTF8.GetBytes(life)) != NoteRefusal.None) return;
        tenant.Life.Change(life).IsInEffect = true;
    }

    private void PublishTo(ModelTenant tenant, VirtualHost host, string life)
    {
        var by = _host.Broker.ActAs(new BrokerUser("sim"), host, NoTransport.Create(), AccessRules.Unchecked);
        var declared = host.DeclareQueue(
            TenantQueue, passive: false, durable: true, exclusive: false, autoDelete: false, [], by);
        if (!IsDone(declared)) return;
        var sent = new Dictionary<ulong, TenantMessage>();
        var publisher = new Publisher(_host.Broker, host)
        {
            OnHandled = (first, last, accepted) =>
            {
                if (IsOff || !accepted) return;
                for (var seq = first; seq <= last; seq++) sent[seq].IsConfirmed = true;
            },
        };
        for (var i = TenantRandom.Between(1, 20); i > 0; i--)
        {
            var body = $"{life}, {++_tenantMessageNumber}".PadRight(TenantRandom.Between(30, 12_000), '.');
            var message = new TenantMessage(body);
            tenant.MessagesOf(life).Add(message);
            sent[publisher.NextSeq] = message;
            publisher.Add("", TenantQueue, Encoding.UTF8.GetBytes(body), persistent: true);
        }

        publisher.Flush();
        if (TenantRandom.Chance(0.2)) RetainIn(host, life);
    }

    private void RetainIn(VirtualHost host, string life)
    {
        var refusal = new Publisher(_host.Broker, host).Retain("life", life);
        SimulationFailure.Unless(refusal == RetainRefusal.None, $"not retained: {refusal}");
    }

    private void Delete(ModelTenant tenant, VirtualHost host, string life)
    {
        if (TenantRandom.Chance(0.5)) CheckContent(tenant, life, returns: false);
        if (IsOff || !IsWorking) return;
        var commit = host.BeginTransaction();
        commit.SetNote("late"u8, "late"u8);
        var outcome = _host.Broker.DeleteVirtualHost(tenant.Name);
        SimulationFailure.Unless(
            outcome == VirtualHostDeletion.Deleted || !IsWorking || _host.HasNoRoom || _model.IsDamaged,
            $"{tenant.Name} is not deleted: {outcome}");
        if (outcome != VirtualHostDeletion.Deleted)
        {
            commit.Rollback();
            return;
        }

        tenant.Life.Change(null).IsInEffect = true;
        var status = host.CreateRouteCache().Resolve(default, TenantQueueName, out _);
        SimulationFailure.Unless(
            status == RouteStatus.NoExchange, $"{tenant.Name} is deleted, and a message is routed: {status}");
        var reply = new RecordingCallback();
        commit.Commit(reply);
        _host.Idle();
        SimulationFailure.Unless(
            reply.Durable == false, $"{tenant.Name} is deleted, and a transaction in it is confirmed");
    }

    /// <summary>The broker is at rest: which life each is in is known.</summary>
    private void RestTenants()
    {
        foreach (var tenant in _tenants)
        {
            var life = LifeOf(tenant);
            tenant.Life.Rests(life);
            if (life is null || TenantQueueOf(tenant) is not { } queue) continue;
            var messages = tenant.MessagesOf(life);
            SimulationFailure.Unless(
                queue.MessageCount + queue.UnackedCount >= messages.Count(message => message.IsConfirmed)
                && queue.MessageCount + queue.UnackedCount <= messages.Count,
                $"{tenant.Name} has {queue.MessageCount} messages of {messages.Count}");
        }
    }

    /// <summary>The broker has come up again: each is in a life that it can be in, with what belongs to that.</summary>
    private void ReturnTenants()
    {
        foreach (var tenant in _tenants)
        {
            var life = LifeOf(tenant);
            tenant.Life.Returns(life);
            if (life is not null && TenantRandom.Chance(0.3)) CheckContent(tenant, life, returns: true);
        }
    }

    /// <summary>Looks at all messages, and gives them back or keeps them.</summary>
    private void CheckContent(ModelTenant tenant, string life, bool returns)
    {
        var host = _host.Broker.FindVirtualHost(tenant.Name)!;
        if (host.Retained.TryGet(LifeKey, out var last))
        {
            SimulationFailure.Unless(
                last.Message.Body.SequenceEqual(Encoding.UTF8.GetBytes(life)) || _model.IsDamaged,
                $"{tenant.Name} in {life} has another life's retained message");
        }

        if (TenantQueueOf(tenant) is not { } queue) return;
        var subscription = new RecordingSubscription();
        queue.Consume(subscription, FlushSet.ForThisThread);
        _host.Idle();
        if (IsWorking && !IsOff && !_host.Broker.Pipeline.IsFull && !_model.IsDamaged)
            tenant.Check(life, [.. subscription.Bodies]);
        if (!returns) return;
        queue.Cancel(subscription, FlushSet.ForThisThread);
        subscription.Return(queue, countsAsFailure: false);
    }

    private BrokerQueue? TenantQueueOf(ModelTenant tenant) =>
        _host.Broker.FindVirtualHost(tenant.Name) is { } host && host.TryGetQueue(TenantQueueName, out var queue)
            ? queue
            : null;

    /// <summary>Deletes all, so that nothing of them has to be left.</summary>
    private void FinishTenants()
    {
        foreach (var tenant in _tenants)
        {
            if (_host.Broker.FindVirtualHost(tenant.Name) is not { } host) continue;
            if (LifeOf(tenant) is { } life) Delete(tenant, host, life);
            else _host.Broker.DeleteVirtualHost(tenant.Name);
        }

        Rest();
    }
}
