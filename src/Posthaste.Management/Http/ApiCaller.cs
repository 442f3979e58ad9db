namespace Posthaste.Management.Http;

/// <summary>
/// Who makes a request of this process's own, instead of a header with a password. A feature of the request: what
/// comes over the network can't bring one.
/// </summary>
/// <param name="UserName">Has logged in; whether it still may is asked again with each request.</param>
internal sealed record ApiCaller(string UserName);
