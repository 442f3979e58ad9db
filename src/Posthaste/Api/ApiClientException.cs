using System.Net;

namespace Posthaste.Api;

/// <summary>The management API refused a request, or nobody answered; the message says why in its words.</summary>
internal sealed class ApiClientException(string message, HttpStatusCode? status = null, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>What the API answered with; null where it did not answer.</summary>
    public HttpStatusCode? Status { get; } = status;
}
