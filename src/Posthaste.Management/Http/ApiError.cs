using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Posthaste.Core.Catalog;

namespace Posthaste.Management.Http;

/// <summary>A request that is refused, in words of RabbitMQ's API. Thrown by handlers, answered at one place.</summary>
internal sealed class ApiError(int status, string error, string reason) : Exception(reason)
{
    public int Status { get; } = status;

    public string Error { get; } = error;

    public static ApiError BadRequest(string reason) => new(StatusCodes.Status400BadRequest, "bad_request", reason);

    /// <summary>A page of a list that there is not.</summary>
    public static ApiError BadPage(string error, string reason) =>
        new(StatusCodes.Status400BadRequest, error, reason);

    public static ApiError NotFound() => new(StatusCodes.Status404NotFound, "Object Not Found", "Not Found");

    public static ApiError WrongMethod() =>
        new(StatusCodes.Status405MethodNotAllowed, "Method Not Allowed", "Method Not Allowed");

    public static ApiError Unauthorized(string reason) =>
        new(StatusCodes.Status401Unauthorized, "not_authorised", reason);

    public static ApiError TooLarge(string reason) =>
        new(StatusCodes.Status413PayloadTooLarge, "content_too_large", reason);

    public static ApiError PreconditionFailed(string reason) =>
        new(StatusCodes.Status412PreconditionFailed, "precondition_failed", reason);

    /// <summary>The disk or the journal did not take it: nothing was promised.</summary>
    public static ApiError Unavailable(string reason) =>
        new(StatusCodes.Status503ServiceUnavailable, "service_unavailable", reason);

    public static ApiError From(CatalogError error) => error.Code switch
    {
        CatalogErrorCode.NotFound => NotFound(),
        CatalogErrorCode.AccessRefused => Unauthorized(error.Text),
        _ => BadRequest(error.Text),
    };

    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;

        // RabbitMQ's realm: some clients have a password for that one only.
        if (Status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"RabbitMQ Management\"";
        return Json.WriteAsync(context, new JsonObject { ["error"] = Error, ["reason"] = Message });
    }
}
