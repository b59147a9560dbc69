namespace Lodestone.Gateway;

/// <summary>Where a model's weights are, in a word for people.</summary>
internal static class ModelKind
{
    public static string Of(CalledModel model) => model.Entry?.Kind switch
    {
        null => "open",
        EntryKind.Closed => "closed",
        _ => "remote",
    };
}
