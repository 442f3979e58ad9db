using Microsoft.AspNetCore.Http;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>`vhosts`: name spaces of queues and exchanges.</summary>
internal sealed class VirtualHostResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("vhosts", ListAsync).Says("Virtual hosts.").Samples().Lists("VirtualHost");
        routes.Get("vhosts/{vhost}", GetAsync).Says("A virtual host.").Samples().Shows("VirtualHost");
        routes.Put("vhosts/{vhost}", PutAsync).For(UserTags.Administrator)
            .Says("Makes a virtual host, or changes what is said of one.").Takes("VirtualHostPut").Creates();
        routes.Delete("vhosts/{vhost}", DeleteAsync).For(UserTags.Administrator)
            .Says("Deletes a virtual host with all that is in it; its connections are closed.");
        routes.Post("vhosts/{vhost}/deletion/protection", ProtectAsync).For(UserTags.Administrator)
            .Says("Protects a virtual host from deletion.");
        routes.Delete("vhosts/{vhost}/deletion/protection", UnprotectAsync).For(UserTags.Administrator)
            .Says("Lets a virtual host be deleted.");
        routes.Post("vhosts/{vhost}/start/{node}", StartAsync).For(UserTags.Administrator)
            .Says("Starts a virtual host that has crashed: they are always started.");
        routes.Get("vhosts/{vhost}/permissions", PermissionsAsync).For(UserTags.Administrator)
            .Says("What users may do in a virtual host.").Lists("Permission");
        routes.Get("vhosts/{vhost}/topic-permissions", TopicPermissionsAsync).For(UserTags.Administrator)
            .Says("Topic permissions in a virtual host.").Lists("TopicPermission");
    }

    private static Task ListAsync(ApiRequest request)
    {
        var windows = SampleWindows.Of(request.Context);
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, request.VirtualHosts, static host => host.Name,
            host => VirtualHostRows.Describe(host, windows)));
    }

    private static Task GetAsync(ApiRequest request) => Json.WriteAsync(
        request.Context, VirtualHostRows.Describe(request.Host(1), SampleWindows.Of(request.Context)));

    private static async Task PutAsync(ApiRequest request)
    {
        var body = await request.ReadAsync().ConfigureAwait(false);
        var known = request.Broker.FindVirtualHost(request[1]);

        // Read before anything is made, so that what is not acceptable leaves nothing behind.
        VirtualHostRows.Read(body, known?.Settings ?? new VirtualHostSettings());
        var host = known ?? Add(request.Broker, request[1]);
        var refused = host.ChangeSettings(settings => VirtualHostRows.Read(body, settings));

        // As in RabbitMQ: who makes a virtual host may use it.
        if (known is null && request.Broker.Users.TryGet(request.User.Name, out _))
            refused ??= request.Broker.Users.SetPermission(request.User.Name, host.Name, Permission.Full);
        await request.AnswerAsync(refused, known is null).ConfigureAwait(false);
    }

    /// <summary>Makes a virtual host, or finds it.</summary>
    /// <exception cref="ApiError">It can't be made.</exception>
    public static VirtualHost Add(MessageBroker broker, string name)
    {
        try
        {
            return broker.AddVirtualHost(name);
        }
        catch (Exception e) when (e is ArgumentException or BrokerLimitException)
        {
            throw ApiError.BadRequest(e.Message);
        }
        catch (IOException e)
        {
            throw ApiError.Unavailable(e.Message);
        }
    }

    private static async Task DeleteAsync(ApiRequest request)
    {
        var name = request.Host(1).Name;
        switch (request.Broker.DeleteVirtualHost(name))
        {
            case VirtualHostDeletion.NotFound:
                throw ApiError.NotFound();
            case VirtualHostDeletion.Protected:
                throw ApiError.PreconditionFailed(
                    $"Refusing to delete virtual host '{name}' because it is protected from deletion");
            case VirtualHostDeletion.NotRecorded:
                throw ApiError.Unavailable(
                    $"the disk has no room left to record that virtual host '{name}' is deleted, or has failed; "
                    + "it is as it was");
        }

        if (!await request.Broker.WhenDurableAsync().ConfigureAwait(false))
        {
            throw ApiError.Unavailable(
                $"the journal has failed: virtual host '{name}' is gone, and may be there again, as it was, when the "
                + "broker is restarted");
        }

        request.Context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static Task ProtectAsync(ApiRequest request) => SetProtectionAsync(request, isProtected: true);

    private static Task UnprotectAsync(ApiRequest request) => SetProtectionAsync(request, isProtected: false);

    private static Task SetProtectionAsync(ApiRequest request, bool isProtected)
    {
        var refused = request.Host(1).ChangeSettings(settings => settings with { IsProtected = isProtected });
        return request.AnswerAsync(refused, created: false);
    }

    /// <summary>Virtual hosts are always started: RabbitMQ has the path for those that have crashed.</summary>
    private static Task StartAsync(ApiRequest request)
    {
        request.Host(1);
        if (request[3] != NodeResource.Name) throw ApiError.BadRequest($"Unknown node: {request[3]}");
        request.Context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static Task PermissionsAsync(ApiRequest request)
    {
        var host = request.Host(1).Name;
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, request.Broker.Users.Permissions.Where(item => item.Key.VirtualHost == host),
            static item => item.Key.User, PermissionResource.Describe));
    }

    private static Task TopicPermissionsAsync(ApiRequest request)
    {
        var host = request.Host(1).Name;
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context, PermissionResource.Topics(request.Broker.Users).Where(item => item.VirtualHost == host),
            static item => item.User, PermissionResource.Describe));
    }
}
