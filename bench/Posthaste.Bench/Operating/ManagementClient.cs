using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Operating;

/// <summary>Asks a broker's management API and its console, as guest. Blocks; one thread.</summary>
internal sealed partial class ManagementClient(IPEndPoint endPoint) : IDisposable
{
    private const string User = "guest";
    private const string Password = "guest";

    private readonly HttpClient _http = new(new HttpClientHandler { AllowAutoRedirect = false })
    {
        BaseAddress = new Uri($"http://{endPoint}"),
        Timeout = LoadConnection.AnswerTimeout,
    };

    /// <summary>The body of a page or resource.</summary>
    /// <exception cref="WorkloadException">The answer is another than 200.</exception>
    /// <exception cref="ConnectionException">There is no answer.</exception>
    public string Get(string path) => Send(new HttpRequestMessage(HttpMethod.Get, path), HttpStatusCode.OK);

    /// <summary>Sets something by the management API.</summary>
    /// <exception cref="WorkloadException">It was refused.</exception>
    /// <exception cref="ConnectionException">There is no answer.</exception>
    public void Put(string path, string json)
    {
        HttpRequestMessage request = new(HttpMethod.Put, path)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        Send(request, HttpStatusCode.Created, HttpStatusCode.NoContent);
    }

    /// <summary>Logs in to the console, whose pages can be got from then on.</summary>
    public void LogIn()
    {
        Match token = FormToken().Match(Get("/login"));
        FormUrlEncodedContent form = new(
            [new("__RequestVerificationToken", token.Groups[1].Value), new("user", User), new("password", Password)]);
        Send(new HttpRequestMessage(HttpMethod.Post, "/session") { Content = form }, HttpStatusCode.Found);
        Get("/");
    }

    public void Dispose() => _http.Dispose();

    private string Send(HttpRequestMessage request, params HttpStatusCode[] expected)
    {
        string path = request.RequestUri!.OriginalString;
        if (path.StartsWith("/api/", StringComparison.Ordinal))
        {
            string login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", login);
        }

        try
        {
            using (request)
            {
                using HttpResponseMessage answer = _http.Send(request);
                using StreamReader reader = new(answer.Content.ReadAsStream());
                string body = reader.ReadToEnd();
                return expected.Contains(answer.StatusCode)
                    ? body
                    : throw new WorkloadException($"{request.Method} {path} was answered {answer.StatusCode}: {body}");
            }
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            throw new ConnectionException($"{request.Method} {path} failed: {e.Message}", e);
        }
    }

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex FormToken();
}
