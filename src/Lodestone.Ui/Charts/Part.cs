namespace Lodestone.Ui;

/// <summary>One part of a <see cref="StackedBar"/>.</summary>
/// <param name="Value">Its share of the whole, in the bar's unit; not negative.</param>
/// <param name="Text">The value as people read it.</param>
/// <param name="Shade">How it is drawn.</param>
/// <param name="Detail">What it is, where the label does not say enough.</param>
public sealed record Part(string Label, long Value, string Text, Shade Shade, string? Detail = null);

/// <summary>From what matters most to what matters least; the last is for what wants to be looked at.</summary>
public enum Shade
{
    Strong,
    Soft,
    Faint,
    Warn,
}
