namespace Lodestone.Ui;

/// <summary>Addresses that the frame links to and that higher modules serve.</summary>
public static class AccountPaths
{
    /// <summary>Takes <c>returnUrl</c>, a path on this server.</summary>
    public const string SignIn = "/login";

    public const string SignUp = "/join";

    /// <summary>POST with an antiforgery token.</summary>
    public const string SignOut = "/logout";

    /// <summary>Where a model is made.</summary>
    public const string NewRepository = "/new";

    public const string NewDataset = "/new-dataset";

    public const string NewSpace = "/new-space";

    /// <summary>The sign-in page, which comes back to <paramref name="pathAndQuery"/> afterwards.</summary>
    public static string SignInThen(string pathAndQuery) =>
        pathAndQuery is "/" or SignIn or SignUp ? SignIn : $"{SignIn}?returnUrl={Uri.EscapeDataString(pathAndQuery)}";
}
