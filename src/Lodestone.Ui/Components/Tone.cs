namespace Lodestone.Ui;

/// <summary>What a colour says. Never the only sign of it: the text says it too.</summary>
public enum Tone
{
    Neutral,
    Accent,
    Good,
    Warn,
    Bad,
}

internal static class Tones
{
    public static string Class(this Tone tone, string block) => tone switch
    {
        Tone.Accent => $"{block} {block}--accent",
        Tone.Good => $"{block} {block}--good",
        Tone.Warn => $"{block} {block}--warn",
        Tone.Bad => $"{block} {block}--bad",
        _ => block,
    };
}
