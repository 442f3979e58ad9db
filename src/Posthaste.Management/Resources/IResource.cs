using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>A group of paths of the API.</summary>
internal interface IResource
{
    void Map(ApiRoutes routes);
}
