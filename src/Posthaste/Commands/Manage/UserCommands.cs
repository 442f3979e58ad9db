using System.CommandLine;
using System.Text.Json.Nodes;
using Posthaste.Api;
using Posthaste.Server;

namespace Posthaste.Commands.Manage;

/// <summary><c>posthaste users</c>: list, add or change, delete.</summary>
internal static class UserCommands
{
    private static readonly Argument<string> User = ChangeCommand.NameOf("user");

    private static readonly Option<bool> NoPassword = new("--no-password")
    {
        Description = "Nobody logs in as this user by password; certificates and tokens may.",
    };

    private static readonly Option<string> Tags = new("--tags")
    {
        Description = "administrator, monitoring, policymaker, management, with commas between them.",
        HelpName = "TAG,…",
        DefaultValueFactory = _ => "",
    };

    public static Command Create() =>
        new ManualCommand("users", "List users; add, change and delete them.",
            """
            A password is read from standard input, so that it shows neither in a list of processes nor in a history.

            Examples:
              posthaste users put alice --tags monitoring < password.txt
              posthaste users delete alice
            """)
        {
            ChangeCommand.Create("put", "Add a user, or give one another password and other tags.",
                Put, User, Tags, NoPassword),
            ChangeCommand.Create("delete", "Delete a user; its connections are closed.",
                parsed => new Change(
                    HttpMethod.Delete, ApiClient.Path("users", parsed.GetRequiredValue(User)), "deleted"),
                User),
        }
        .ListsWith("users", byVirtualHost: false,
            new Column("name", "name"),
            new Column("tags", "tags"),
            new Column("password", "hashing_algorithm"),
            new Column("limits", "limits"));

    private static Change Put(ParseResult parsed)
    {
        var body = new JsonObject { ["tags"] = parsed.GetRequiredValue(Tags) };
        if (parsed.GetValue(NoPassword)) body["password_hash"] = "";
        else body["password"] = Terminal.Screen.ReadSecret("Password: ");
        if (body["password"]?.ToString() is "")
            throw new PosthasteConfigurationException("the password is empty; --no-password is for a user without one");
        return new Change(HttpMethod.Put, ApiClient.Path("users", parsed.GetRequiredValue(User)), "saved", body);
    }
}
