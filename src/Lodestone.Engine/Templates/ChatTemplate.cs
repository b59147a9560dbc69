using Lodestone.Engine.Tools;

namespace Lodestone.Engine.Templates;

/// <summary>A model's chat template, in the part of Jinja that published models use.</summary>
internal sealed class ChatTemplate
{
    private readonly IReadOnlyList<Statement> _body;

    private ChatTemplate(IReadOnlyList<Statement> body, string source)
    {
        _body = body;
        Tools = ToolDialect.Of(source);
    }

    /// <summary>How the model was taught to call tools.</summary>
    public ToolDialect Tools { get; }

    /// <exception cref="TemplateFault">The template is not well-formed.</exception>
    public static ChatTemplate Parse(string source) => new(TemplateParser.Parse(source), source);

    /// <summary>Writes the prompt; every character that came with <paramref name="variables"/> as a caller's keeps its mark.</summary>
    /// <param name="variables">What the template may use, such as <c>messages</c>.</param>
    /// <param name="clock">For templates that write today's date.</param>
    /// <exception cref="TemplateFault">The template fails on this conversation, or refuses it.</exception>
    public MarkedText Render(IEnumerable<KeyValuePair<string, object?>> variables, TimeProvider clock)
    {
        var scope = new Scope(outer: null);
        Globals.Define(scope, clock);
        foreach (var (name, value) in variables)
        {
            scope.Set(name, value);
        }

        return new Evaluator(scope, new Budget()).Run(_body);
    }
}
