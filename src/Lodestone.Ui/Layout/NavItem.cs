namespace Lodestone.Ui;

/// <summary>A link in the frame. Modules register theirs: <c>services.AddSingleton(new NavItem("Models", "/models", 10, NavAudience.Everyone))</c>.</summary>
/// <param name="Text">One or two words.</param>
/// <param name="Href">A path on this server; the link is current on it and below it.</param>
/// <param name="Order">Ascending from the start of the list.</param>
/// <param name="Audience">Who is shown the link. It hides nothing: pages check for themselves.</param>
/// <param name="Place">Where the link stands; those of administrators always stand in the menu.</param>
public sealed record NavItem(string Text, string Href, int Order, NavAudience Audience, NavPlace Place = NavPlace.Bar)
{
    internal bool IsFor(Core.Caller caller) => Audience switch
    {
        NavAudience.SignedIn => caller.IsAuthenticated,
        NavAudience.Administrator => caller.IsAdministrator,
        _ => true,
    };

    internal bool IsCurrent(string path) =>
        path.StartsWith(Href, StringComparison.OrdinalIgnoreCase) && (path.Length == Href.Length || path[Href.Length] == '/');
}

/// <summary>Who is shown a link.</summary>
public enum NavAudience
{
    Everyone,
    SignedIn,
    Administrator,
}

/// <summary>Where in the frame a link stands.</summary>
public enum NavPlace
{
    /// <summary>In the bar at the top: for what people open daily.</summary>
    Bar,

    /// <summary>In the account menu: settings and the like.</summary>
    Menu,
}
