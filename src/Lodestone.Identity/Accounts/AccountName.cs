using System.Buffers;
using System.Collections.Frozen;
using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>What a user or an organization may be called. The same rules as hub clients check, and no name that is a page of ours.</summary>
internal static class AccountName
{
    public const int Shortest = 2;
    public const int Longest = 42;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    private static readonly FrozenSet<string> Reserved = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "_blazor", "_content", "_framework", "about", "admin", "administrator", "api", "apps", "assets", "auth", "avatars", "billing", "blog",
        "buckets", "chat", "collections", "css", "datasets", "discussions", "docs", "endpoints", "enterprise", "events", "explore",
        "favicon.ico", "health", "help", "home", "img", "inference", "jobs", "join", "js", "kernels", "labelling", "leaderboards", "ledger", "lfs", "login",
        "logout", "me", "metrics", "models", "new", "new-dataset", "new-space", "notifications", "oauth", "organizations", "papers", "payments", "playground", "posts",
        "pricing", "privacy", "projects", "register", "robots.txt", "runs", "search", "security", "settings", "setup", "signin", "signout",
        "signup", "spaces", "static", "status", "storage", "support", "tasks", "terms", "top-up", "topups", "tracking", "trending", "usage",
        "user", "users", "v1", "v2", "wallet", "webhooks", "well-known", "xet");

    // Such names would hide files that browsers and crawlers ask for at the root.
    private static readonly FrozenSet<string> FileEndings = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, ".css", ".html", ".ico", ".js", ".json", ".map", ".png", ".svg", ".txt", ".webmanifest", ".xml");

    /// <summary>Whether addresses of this server begin with it, or may some day.</summary>
    public static bool IsReserved(string name) => Reserved.Contains(name);

    /// <exception cref="Refusal"><c>invalid_name</c> with what to change.</exception>
    public static void Check(string name)
    {
        if (WhatIsWrong(name) is { } wrong)
        {
            throw Refused(name, wrong);
        }

        if (name[0] is '_' || FileEndings.Contains(Path.GetExtension(name)) || IsReserved(name))
        {
            throw Refused(name, "it is reserved. Choose another");
        }
    }

    /// <summary>For names that the operator gives: they may begin with an underscore and look like a file.</summary>
    public static void CheckSeeded(string name)
    {
        if (WhatIsWrong(name) is { } wrong)
        {
            throw Refused(name, wrong);
        }

        if (IsReserved(name))
        {
            throw Refused(name, "it is an address of this server. Choose another");
        }
    }

    private static string? WhatIsWrong(string name)
    {
        if (name.Length is < Shortest or > Longest)
        {
            return "it must have 2 to 42 characters";
        }

        if (name.AsSpan().ContainsAnyExcept(Allowed))
        {
            return "only letters, digits, '-', '_' and '.' are allowed";
        }

        if (name.Contains("--", StringComparison.Ordinal) || name.Contains("..", StringComparison.Ordinal))
        {
            return "'--' and '..' are not allowed";
        }

        if (name[0] is '-' or '.' || name[^1] is '-' or '.')
        {
            return "it may not begin or end with '-' or '.'";
        }

        return name.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? "it may not end with '.git'" : null;
    }

    private static Refusal Refused(string name, string reason) =>
        new(IdentityRefusals.InvalidName, $"The name '{name}' cannot be used: {reason}.") { Param = "name" };
}
