namespace Lodestone.Ui;

/// <summary>One of the things a <see cref="Field"/> offers.</summary>
/// <param name="Value">What the form sends.</param>
/// <param name="Text">What the person reads.</param>
public sealed record Option(string Value, string Text);
