namespace Lodestone.Engine.Templates;

/// <summary>A chat template that cannot be read, or that refuses the conversation it was given.</summary>
internal sealed class TemplateFault(string message) : Exception(message)
{
    /// <summary>The template itself called <c>raise_exception</c>: the conversation is at fault, not the template.</summary>
    public bool IsRaisedByTemplate { get; init; }
}
