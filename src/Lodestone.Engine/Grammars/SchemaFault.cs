namespace Lodestone.Engine.Grammars;

/// <summary>A JSON schema that answers cannot be held to, and where in it.</summary>
/// <param name="place">A JSON pointer into the schema, <c>#</c> for all of it.</param>
/// <param name="reason">What about it.</param>
internal sealed class SchemaFault(string place, string reason) : Exception($"The schema at '{place}' {reason}")
{
    public string Place { get; } = place;
}
