namespace Lodestone.Tests;

/// <summary>The small real models that come with the product.</summary>
internal static class DemoModel
{
    public static string Chat { get; } = Weights("compass-3m-chat");

    public static string Base { get; } = Weights("compass-3m");

    private static string Weights(string name) => Path.Combine(AppContext.BaseDirectory, "demo", name, $"{name}-Q8_0.gguf");
}
