namespace Posthaste.Management.Http;

/// <summary>The table of all routes of the API: what is served, and what its description is made of.</summary>
internal sealed class ApiRoutes
{
    private readonly List<ApiRoute> _all = [];

    /// <summary>In the order of the table.</summary>
    public IReadOnlyList<ApiRoute> All => _all;

    public ApiRoute Get(string path, Func<ApiRequest, Task> handler) => Add("GET", path, handler);

    public ApiRoute Put(string path, Func<ApiRequest, Task> handler) => Add("PUT", path, handler);

    public ApiRoute Post(string path, Func<ApiRequest, Task> handler) => Add("POST", path, handler);

    public ApiRoute Delete(string path, Func<ApiRequest, Task> handler) => Add("DELETE", path, handler);

    private ApiRoute Add(string method, string path, Func<ApiRequest, Task> handler)
    {
        var route = new ApiRoute(method, path, handler);
        _all.Add(route);
        return route;
    }
}
