using Posthaste.Broker.Security;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// `parameters` of virtual hosts, by component. Policymakers see them; what stands for policies of operators or for
/// limits is set by administrators, as at its own path.
/// </summary>
internal sealed class ParameterResource : IResource
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("parameters", ListAsync).For(UserTags.PolicyMaker).Says("Parameters of all virtual hosts.")
            .Lists("Parameter");
        routes.Get("parameters/{component}", ListAsync).For(UserTags.PolicyMaker).Says("Parameters of a component.")
            .Lists("Parameter");
        routes.Get("parameters/{component}/{vhost}", ListAsync).For(UserTags.PolicyMaker)
            .Says("Parameters of a component in a virtual host.").Lists("Parameter");
        routes.Get("parameters/{component}/{vhost}/{name}", GetAsync).For(UserTags.PolicyMaker).Says("A parameter.")
            .Shows("Parameter");
        routes.Put("parameters/{component}/{vhost}/{name}", PutAsync).For(UserTags.Administrator)
            .Says("Sets a parameter.").Takes("ParameterPut").Creates();
        routes.Delete("parameters/{component}/{vhost}/{name}", DeleteAsync).For(UserTags.Administrator)
            .Says("Removes a parameter.");
    }

    private static Task ListAsync(ApiRequest request)
    {
        var components = request.SegmentCount > 1
            ? ParameterComponent.Find(request[1]) is { } named ? [named] : []
            : ParameterComponent.Listed;
        var hosts = request.HostsAt(2).ToList();
        return Json.WriteAsync(request.Context, Listing.Show(
            request.Context,
            from component in components
            from host in hosts
            from name in component.NamesIn(host)
            select (component, host, name),
            static item => item.name, static item => item.component.Describe(item.host, item.name)));
    }

    private static Task GetAsync(ApiRequest request)
    {
        var (host, name) = (request.Host(2), request[3]);
        return ParameterComponent.Find(request[1]) is { } component && component.Find(host, name) is not null
            ? Json.WriteAsync(request.Context, component.Describe(host, name))
            : throw ApiError.NotFound();
    }

    private static async Task PutAsync(ApiRequest request)
    {
        var (host, name) = (request.Host(2), request[3]);
        var value = Json.Value(await request.ReadAsync().ConfigureAwait(false));
        var component = ParameterComponent.Need(request[1]);
        var isNew = component.Find(host, name) is null;
        await request.AnswerAsync(component.Put(host, name, value), isNew).ConfigureAwait(false);
    }

    private static Task DeleteAsync(ApiRequest request)
    {
        var (host, name) = (request.Host(2), request[3]);
        if (ParameterComponent.Find(request[1]) is not { } component || component.Find(host, name) is null)
            throw ApiError.NotFound();
        return request.AnswerAsync(component.Remove(host, name), created: false);
    }
}
